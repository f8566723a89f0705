"""What one server process has once: its hub, its writer and its presence, on its event loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat.entries import Entry, Whisper
from chat.realtime import rings
from chat.realtime.hub import Facts, Hub, by_conversation
from chat.realtime.presence import Presence
from chat.realtime.writer import Writer
from chat.selectors.entries import entries_since, heads_of
from core.background import within
from core.realtime.exchange import exchange
from core.realtime.publisher import ring_from_outside

FLUSH_PATIENCE = 1.5


@dataclass(frozen=True)
class RealTime:
    hub: Hub
    writer: Writer
    presence: Presence


_running: dict[asyncio.AbstractEventLoop, "asyncio.Future[RealTime]"] = {}


async def real_time() -> RealTime:
    """This loop's hub, writer and presence, started when first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _running or _has_failed(_running[loop]):
        _running[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(_running[loop])


async def stop_real_time() -> None:
    """Store what is waiting, and tell others who is gone."""
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is None:
        return
    started = await running
    await started.writer.stop(patience=FLUSH_PATIENCE)
    await within(FLUSH_PATIENCE, started.presence.stop())
    await started.hub.stop()


# Told from any thread, and from processes that have no sockets of their own


def publish(entries: Sequence[Entry]) -> None:
    if not _tell_hubs(lambda hub: hub.publish(entries)):
        for group, ring in rings.of_rooms(by_conversation(entries)):
            ring_from_outside(group, ring)


def whisper(conversation_id: int, said: Whisper) -> None:
    if not _tell_hubs(lambda hub: hub.whisper(conversation_id, said)):
        ring_from_outside(rings.group_of(conversation_id), rings.of_whisper(conversation_id, said))


def reconsider_room(conversation_id: int) -> None:
    if not _tell_hubs(lambda hub: hub.reconsider_room(conversation_id)):
        ring_from_outside(rings.group_of(conversation_id), rings.of_room(conversation_id), lasting=True)


@dataclass(frozen=True)
class Census:
    """How many rooms this process has, sockets in them, and messages that wait to be stored."""

    rooms: int = 0
    listeners: int = 0
    waiting: int = 0


def take_census() -> Census:
    """From any thread: what is looked at may change meanwhile, so it is copied first."""
    running = [one.result() for one in tuple(_running.values()) if one.done() and not _has_failed(one)]
    rooms = [room for one in running for room in tuple(one.hub.rooms.values())]
    listeners = sum(len(some) for room in rooms for some in tuple(room.listeners.values()))
    return Census(len(rooms), listeners, sum(one.writer.waiting for one in running))


async def _start() -> RealTime:
    hub = Hub(await exchange(), Facts(entries_since, heads_of))
    hub.start()
    presence = Presence(hub)
    presence.start()
    return RealTime(hub, Writer(), presence)


def _tell_hubs(say: Callable[[Hub], None]) -> bool:
    """Whether there was a hub in this process to tell."""
    hubs = [running.result().hub for running in tuple(_running.values()) if running.done() and not _has_failed(running)]
    for hub in hubs:
        hub.loop.call_soon_threadsafe(say, hub)
    return bool(hubs)


def _has_failed(running: "asyncio.Future[RealTime]") -> bool:
    return running.done() and (running.cancelled() or running.exception() is not None)
