"""What one server process has once: the inboxes that are open on its event loop."""

import asyncio

from core.background import within
from core.realtime.exchange import exchange
from notifications.realtime.inboxes import Inboxes

STOP_PATIENCE = 1.5

_running: dict[asyncio.AbstractEventLoop, Inboxes] = {}


async def inboxes() -> Inboxes:
    """This loop's, started when first asked for."""
    rung_by = await exchange()
    loop = asyncio.get_running_loop()
    if loop not in _running:
        _running[loop] = Inboxes(rung_by)
        _running[loop].start()
    return _running[loop]


async def stop_inboxes() -> None:
    """Give the leases back, so that who comes to no other process is away at once."""
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await within(STOP_PATIENCE, running.stop())
