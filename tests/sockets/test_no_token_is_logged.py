"""A token that opens a socket is in no log line, whichever way it came."""

import pytest

from tests.log_lines import every_log_line
from tests.sockets.client import Socket, play
from tests.sockets.conftest import token_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_no_token_is_logged(guests):
    token = token_of(guests[0])

    async def scene():
        by_query = await Socket.open(f"/ws/group/anchor/?token={token}")
        by_frame = await Socket.open("/ws/group/anchor/")
        await by_frame.send({"token": token, "message": "canary-message"})
        await by_frame.receive_type("message")
        await by_query.close()
        refused = await Socket.open(f"/ws/group/anchor/?token={token}x")
        await refused.closed_with()
        lost = await Socket.open(f"/ws/group/{token}/?token={token}")
        await lost.closed_with()

    with every_log_line() as written:
        play(scene)

    assert token not in written.getvalue()
    assert "canary-message" not in written.getvalue()
