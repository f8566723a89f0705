"""Who is shown whom: the people who are there, and the sockets of those who may see them.

Sockets whose people are in the same workspaces form a circle. They are shown the same, but for themselves and for those
whom they have blocked.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from workspaces.presence import Person, Sight
from workspaces.realtime.bundle import Bundle
from workspaces.realtime.figures import figures
from workspaces.services.leases import ONLINE

OFFLINE = "offline"

# How a client contract writes that somebody, known by their e-mail address, is online, idle or offline.
Spell = Callable[[str, str], Frame]
Seen = Mapping[int, Person]


class Watcher:
    """One socket: whose, what it last said of them, and how it is told of others.

    `status` is None once it has been silent for long, which `silence` waits for; `sight` is None until it was told.
    """

    __slots__ = ("is_closed", "outbox", "sight", "silence", "spell", "status", "user_id")

    def __init__(self, user_id: int, outbox: Outbox, spell: Spell) -> None:
        self.user_id = user_id
        self.outbox = outbox
        self.spell = spell
        self.status: str | None = ONLINE
        self.silence: asyncio.TimerHandle | None = None
        self.sight: Sight | None = None
        self.is_closed = False


@dataclass(frozen=True)
class Change:
    """What was known of somebody, and what is now; None where they are not there."""

    before: Person | None
    after: Person | None


class _Circle:
    def __init__(self, workspace_ids: frozenset[int], spell: Spell) -> None:
        self.workspace_ids = workspace_ids
        self.spell = spell
        self.watchers: set[Watcher] = set()
        self.everybody: Bundle | None = None

    def sees(self, person: Person | None) -> bool:
        return person is not None and not self.workspace_ids.isdisjoint(person.workspace_ids)


class Circles:
    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self._in_workspace: dict[int, dict[int, Person]] = defaultdict(dict)
        self._circles: dict[tuple[frozenset[int], Spell], _Circle] = {}
        self._of_workspace: dict[int, set[_Circle]] = defaultdict(set)
        self._frames: dict[int, dict[Spell, Frame]] = defaultdict(dict)

    def users_of(self, workspace_id: int) -> set[int]:
        """The people of a workspace who are there, and those who are shown them."""
        watching = {watcher.user_id for one in self._of_workspace.get(workspace_id, ()) for watcher in one.watchers}
        return watching | self._in_workspace.get(workspace_id, {}).keys()

    def seen_by(self, watcher: Watcher) -> Seen:
        if watcher.sight is None:
            return {}
        without = _kept_from(watcher)
        return {
            user_id: person
            for user_id, person in self._people_of(watcher.sight.workspace_ids).items()
            if user_id not in without
        }

    def add(self, watcher: Watcher, seen: Seen) -> int:
        """Show them whom they have not `seen` yet as they are now, and that those are gone whom they see no more.

        Returns how many frames that took.
        """
        assert watcher.sight is not None
        circle = self._circle(watcher.sight.workspace_ids, watcher.spell)
        circle.watchers.add(watcher)
        if not seen:
            if circle.everybody is None:
                people = self._people_of(circle.workspace_ids)
                circle.everybody = Bundle({one: self._frame(watcher.spell, person) for one, person in people.items()})
            return _send(circle.everybody, watcher, without=_kept_from(watcher))
        now = self.seen_by(watcher)
        news = {
            one: self._frame(watcher.spell, person)
            for one, person in now.items()
            if one not in seen or seen[one].status != person.status
        }
        gone = {one: _spelled(watcher.spell, person, OFFLINE) for one, person in seen.items() if one not in now}
        return _send(Bundle(gone | news), watcher)

    def remove(self, watcher: Watcher) -> None:
        """They are shown nothing more."""
        if watcher.sight is None:
            return
        key = watcher.sight.workspace_ids, watcher.spell
        watcher.sight = None
        circle = self._circles.get(key)
        if circle is None:
            return
        circle.watchers.discard(watcher)
        if not circle.watchers:
            del self._circles[key]
            for workspace_id in circle.workspace_ids:
                self._of_workspace[workspace_id].discard(circle)
                if not self._of_workspace[workspace_id]:
                    del self._of_workspace[workspace_id]

    def tell(self, changes: Iterable[Change]) -> int:
        """Take over what is new of people, and show it to who may see it. Returns how many frames were sent."""
        touched: dict[_Circle, dict[int, Change]] = defaultdict(dict)
        for change in changes:
            if change.before == change.after:
                continue
            self._take_over(change)
            for workspace_id in _workspaces(change.before) | _workspaces(change.after):
                for circle in self._of_workspace.get(workspace_id, ()):
                    touched[circle][_of(change)] = change
        gone: dict[tuple[Spell, int], Frame] = {}
        return sum(self._tell(circle, theirs, gone) for circle, theirs in touched.items())

    def _tell(self, circle: _Circle, changes: Mapping[int, Change], gone: dict[tuple[Spell, int], Frame]) -> int:
        circle.everybody = None
        frames = {}
        for user_id, change in changes.items():
            before, after = (person if circle.sees(person) else None for person in (change.before, change.after))
            if after is not None and (before is None or before.status != after.status):
                frames[user_id] = self._frame(circle.spell, after)
            elif before is not None and after is None:
                key = circle.spell, user_id
                frames[user_id] = gone.get(key) or gone.setdefault(key, _spelled(circle.spell, before, OFFLINE))
        bundle = Bundle(frames)
        return sum(_send(bundle, watcher, without=_kept_from(watcher)) for watcher in tuple(circle.watchers))

    def _take_over(self, change: Change) -> None:
        user_id = _of(change)
        self._frames.pop(user_id, None)
        if change.after is None:
            del self.people[user_id]
        else:
            self.people[user_id] = change.after
        for workspace_id in _workspaces(change.before) - _workspaces(change.after):
            del self._in_workspace[workspace_id][user_id]
            if not self._in_workspace[workspace_id]:
                del self._in_workspace[workspace_id]
        for workspace_id in _workspaces(change.after):
            assert change.after is not None
            self._in_workspace[workspace_id][user_id] = change.after

    def _frame(self, spell: Spell, person: Person) -> Frame:
        kept = self._frames[person.user_id]
        if spell not in kept:
            kept[spell] = _spelled(spell, person, person.status)
        return kept[spell]

    def _people_of(self, workspace_ids: Collection[int]) -> dict[int, Person]:
        found: dict[int, Person] = {}
        for workspace_id in workspace_ids:
            found |= self._in_workspace.get(workspace_id, {})
        return found

    def _circle(self, workspace_ids: frozenset[int], spell: Spell) -> _Circle:
        key = workspace_ids, spell
        if key not in self._circles:
            self._circles[key] = _Circle(workspace_ids, spell)
            for workspace_id in workspace_ids:
                self._of_workspace[workspace_id].add(self._circles[key])
        return self._circles[key]


def _spelled(spell: Spell, person: Person, status: str) -> Frame:
    figures.spelled += 1
    return spell(person.email, status)


def _send(bundle: Bundle, watcher: Watcher, *, without: Collection[int] = ()) -> int:
    """Returns how many frames that is."""
    sent = bundle.send(watcher.outbox, without=without)
    figures.written += bool(sent)
    return sent


def _kept_from(watcher: Watcher) -> set[int]:
    """Themselves, and those whom they have blocked."""
    assert watcher.sight is not None
    return {*watcher.sight.hidden_ids, watcher.user_id}


def _workspaces(person: Person | None) -> frozenset[int]:
    return person.workspace_ids if person is not None else frozenset()


def _of(change: Change) -> int:
    person = change.after or change.before
    assert person is not None
    return person.user_id
