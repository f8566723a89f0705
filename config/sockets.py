"""Every WebSocket path there is: the contracts', and what answers any other."""

from typing import Any

from django.urls import re_path

from accounts.realtime import stop_people_watch
from analytics.realtime.board import stop_board
from chat.realtime.process import stop_real_time
from config.contracts import CONTRACTS
from core.realtime.exchange import stop_exchange
from core.surface.close_codes import NO_SUCH_ROOM
from core.surface.consumer import Receive, Send
from core.surface.credentials import Scope
from notifications.realtime.process import stop_inboxes
from workspaces.realtime.feeds import stop_feeds
from workspaces.realtime.presence import stop_presence


async def let_go_of_sockets() -> None:
    """Before the process ends: what was taken to be stored is stored, and others are told who is gone."""
    await stop_board()
    await stop_presence()
    await stop_feeds()
    await stop_real_time()
    await stop_inboxes()
    await stop_people_watch()
    await stop_exchange()


async def unknown_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """A socket to nowhere is accepted and closed, so that a browser is told the code."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NO_SUCH_ROOM})


anywhere: Any = unknown_socket
urlpatterns = [
    *(pattern for contract in CONTRACTS for pattern in contract.socket_urlpatterns()),
    re_path(r"", anywhere),
]
