"""Who is there, over all tabs, devices and processes: leases that this process keeps, and what it shows of everybody's.

Counting is done at once, telling in rounds, at most four a second however much happens. A round brings this process's
leases in line with its sockets, reads those whom it has heard of, and shows what is new of them: each person's frame is
spelled once, joined once for all who are in the same workspaces, and written once a socket. So people cost what they
are, and not what they are times each other.

Whom a round reads, it was told of by its own sockets, by a ring from another process, or by looking at everybody every
few seconds: a ring that is lost, late or doubled costs a look and shows nothing that is not stored.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError

from core.background import Background, within
from core.realtime.doorbell import Ring
from core.realtime.exchange import Exchange, exchange, ring_everywhere
from core.surface.socket_figures import figures
from core.threads import in_database_thread
from workspaces.presence import Person, Sight, people_there, sights_of, statuses
from workspaces.realtime.circles import Change, Circles, Watcher
from workspaces.realtime.figures import figures as told
from workspaces.services import leases
from workspaces.services.leases import IDLE, ONLINE

log = logging.getLogger(__name__)

PRESENCE = "presence"
TRY_AGAIN_AFTER = 1.0
STOP_PATIENCE = 1.5
RUNG_AT_ONCE = 500
RANK = {None: 0, IDLE: 1, ONLINE: 2}


@dataclass(frozen=True)
class Pace:
    """In seconds: how long people may be silent, or their last socket closed, before they are offline; how often
    rounds are made at most, leases are renewed, everybody is looked at, and read anew.
    """

    silence: float = 75.0
    grace: float = 5.0
    gather: float = 0.25
    renew: float = 10.0
    look: float = 5.0
    read: float = 60.0


@dataclass(frozen=True)
class Read:
    """What the database says of those whom a round is about, and of what those with sockets here may see."""

    user_ids: Collection[int]
    people: Mapping[int, Person]
    sights: Mapping[int, Sight]


class Presence:
    def __init__(self, rung_by: Exchange, pace: Pace) -> None:
        self._exchange = rung_by
        self._pace = pace
        self._node = uuid.uuid4()
        self._background = Background()
        self._loop = asyncio.get_running_loop()
        self._watchers: dict[int, set[Watcher]] = {}
        self._leased: dict[int, str] = {}
        self._circles = Circles()
        self._knows_all = False
        self._unsettled: set[int] = set()
        self._changed = asyncio.Event()
        # Who looks at leases must not see some of a round that is being made.
        self._leasing = asyncio.Lock()

    async def start(self) -> None:
        self._exchange.subscribe(PRESENCE, self._hear)
        await self._exchange.heard(PRESENCE)
        self._background.keep(self._settle)
        self._background.keep(self._renew)
        self._background.keep(self._look)
        self._background.keep(self._read_anew)

    async def stop(self) -> None:
        """Clients come back to another process within the grace: those who do not are gone for the others then."""
        # What a thread has begun to take or renew is waited for: it would be stored after they were shortened.
        async with self._leasing:
            await self._background.stop()
        self._exchange.unsubscribe(PRESENCE, self._hear)
        if self._leased:
            await _trying(leases.shorten_leases, self._node, timedelta(seconds=self._pace.grace))
            self._ring(list(self._leased), after=self._pace.grace)

    # What sockets say

    def arrive(self, watcher: Watcher) -> None:
        """They are online from now on, and are shown who is there."""
        self._watchers.setdefault(watcher.user_id, set()).add(watcher)
        self._await_silence(watcher)
        self._settle_soon(watcher.user_id)

    def beat(self, watcher: Watcher, status: str) -> None:
        watcher.status = status
        self._await_silence(watcher)
        if self._status_here(watcher.user_id) != self._leased.get(watcher.user_id):
            self._settle_soon(watcher.user_id)

    def leave(self, watcher: Watcher) -> None:
        """They are told nothing more; for others they are there until the grace is over."""
        if not watcher.is_closed:
            watcher.is_closed = True
            self._circles.remove(watcher)
            self._loop.call_later(self._pace.grace, self._forget, watcher)

    def reconsider(self, user_id: int) -> None:
        """Whom they may see, or who may see them, may have changed."""
        self._settle_soon(user_id)

    def _await_silence(self, watcher: Watcher) -> None:
        if watcher.silence is not None:
            watcher.silence.cancel()
        watcher.silence = self._loop.call_later(self._pace.silence, self._fell_silent, watcher)

    def _fell_silent(self, watcher: Watcher) -> None:
        watcher.status = None
        self._settle_soon(watcher.user_id)

    def _forget(self, watcher: Watcher) -> None:
        if watcher.silence is not None:
            watcher.silence.cancel()
        theirs = self._watchers[watcher.user_id]
        theirs.discard(watcher)
        if not theirs:
            del self._watchers[watcher.user_id]
        self._settle_soon(watcher.user_id)

    def _hear(self, ring: Ring) -> None:
        if "after" in ring:
            self._loop.call_later(ring["after"], self._hear, {"users": ring["users"]})
        elif self._watchers:
            self._settle_soon(*ring.get("users", ()))
            if "workspace" in ring:
                self._settle_soon(*self._circles.users_of(ring["workspace"]))

    # Rounds

    def _settle_soon(self, *user_ids: int) -> None:
        self._unsettled.update(user_ids)
        self._changed.set()

    async def _settle(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                async with self._leasing:
                    await self._round()
            except DatabaseError as trouble:
                log.warning("cannot keep presence: %s", type(trouble).__name__)
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._changed.set()
            await asyncio.sleep(self._pace.gather)

    async def _round(self) -> None:
        user_ids, self._unsettled = self._unsettled, set()
        taken, dropped = self._unleased(user_ids)
        watching = {user_id for user_id in user_ids if user_id in self._watchers}
        will_know_all = self._knows_all or bool(self._watchers)
        try:
            if will_know_all and not self._knows_all:
                user_ids = user_ids | (await in_database_thread(statuses)).keys()
            read = await in_database_thread(_settle_and_read, self._node, taken, dropped, user_ids, watching)
        except (DatabaseError, asyncio.CancelledError):
            self._unsettled |= user_ids
            raise
        self._leased |= taken
        for user_id in dropped:
            self._leased.pop(user_id, None)
        told.rounds += 1
        self._ring([*taken, *dropped])
        self._show(read)
        self._knows_all = will_know_all and bool(self._watchers)
        if not self._knows_all:
            self._circles = Circles()

    def _unleased(self, user_ids: Iterable[int]) -> tuple[dict[int, str], list[int]]:
        """Whose leases are to be taken, with what they say of themselves here, and whose are to be dropped."""
        taken, dropped = {}, []
        for user_id in user_ids:
            here, leased = self._status_here(user_id), self._leased.get(user_id)
            if here is None and leased is not None:
                dropped.append(user_id)
            elif here is not None and here != leased:
                taken[user_id] = here
        return taken, dropped

    def _status_here(self, user_id: int) -> str | None:
        """What their sockets say that have not fallen silent: online beats idle."""
        said = {watcher.status for watcher in self._watchers.get(user_id, ())}
        return max(said, key=RANK.__getitem__, default=None)

    def _ring(self, user_ids: list[int], **more: float) -> None:
        for start in range(0, len(user_ids), RUNG_AT_ONCE):
            self._exchange.ring(PRESENCE, {"users": user_ids[start : start + RUNG_AT_ONCE], **more})

    def _show(self, read: Read) -> None:
        """Whoever's sight has changed is shown the difference by themselves, everybody else what is new of people."""
        turned = {
            watcher: self._circles.seen_by(watcher)
            for user_id, sight in read.sights.items()
            for watcher in self._watchers.get(user_id, ())
            if not watcher.is_closed and watcher.sight != sight
        }
        for watcher in turned:
            self._circles.remove(watcher)
        changes = [Change(self._circles.people.get(user_id), read.people.get(user_id)) for user_id in read.user_ids]
        figures.sent["presence_update"] += self._circles.tell(changes)
        for watcher, seen in turned.items():
            watcher.sight = read.sights[watcher.user_id]
            figures.sent["presence_update"] += self._circles.add(watcher, seen)

    # What is done again and again

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._pace.renew)
            if self._leased:
                async with self._leasing:
                    await _trying(leases.renew_leases, self._node)

    async def _look(self) -> None:
        """What became of leases without a ring: those of a process that died, and our own, should they have run out."""
        while True:
            await asyncio.sleep(self._pace.look)
            if self._watchers:
                async with self._leasing:
                    await self._look_at_all()

    async def _look_at_all(self) -> None:
        there = await _trying(_drop_expired_and_look)
        if there is None:
            return
        shown = {person.user_id: person.status for person in self._circles.people.values()}
        self._settle_soon_if_any(
            user_id for user_id in there.keys() | shown.keys() if there.get(user_id) != shown.get(user_id)
        )
        for user_id in [one for one, status in self._leased.items() if RANK[there.get(one)] < RANK[status]]:
            self._leased.pop(user_id, None)
            self._settle_soon(user_id)

    async def _read_anew(self) -> None:
        """A ring about who is in a workspace may have been lost."""
        while True:
            await asyncio.sleep(self._pace.read)
            self._settle_soon_if_any((*self._watchers, *self._circles.people))

    def _settle_soon_if_any(self, user_ids: Iterable[int]) -> None:
        if found := set(user_ids):
            self._settle_soon(*found)


def _settle_and_read(
    node: UUID, taken: Mapping[int, str], dropped: Collection[int], user_ids: Collection[int], watching: Collection[int]
) -> Read:
    leases.settle_leases(node, taken=taken, dropped=dropped)
    return Read(user_ids, people_there(user_ids), sights_of(watching))


def _drop_expired_and_look() -> dict[int, str]:
    leases.drop_expired_leases()
    return statuses()


async def _trying(ask: Callable[..., dict[int, str] | None], *args: object) -> dict[int, str] | None:
    try:
        return await in_database_thread(ask, *args)
    except DatabaseError as trouble:
        log.warning("cannot keep presence: %s", type(trouble).__name__)
        return None


# Told from any thread, also in a process without sockets


def reconsider_people(user_ids: Collection[int]) -> None:
    """They are in other workspaces now: who may see them, and whom they may see, has changed."""
    ring_everywhere(PRESENCE, {"users": list(user_ids)}, lasting=True)


def reconsider_workspace(workspace_id: int) -> None:
    """All its people are, or it has none any more."""
    ring_everywhere(PRESENCE, {"workspace": workspace_id}, lasting=True)


_running: dict[asyncio.AbstractEventLoop, "asyncio.Future[Presence]"] = {}


async def presence(pace: Pace = Pace()) -> Presence:
    """This loop's, started when first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _running:
        _running[loop] = asyncio.ensure_future(_start(pace))
    return await asyncio.shield(_running[loop])


async def stop_presence() -> None:
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await within(STOP_PATIENCE, (await running).stop())


async def _start(pace: Pace) -> Presence:
    ours = Presence(await exchange(), pace)
    await ours.start()
    return ours
