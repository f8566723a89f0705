"""What closed days came to, kept in a process for as long as nobody changes their rollups.

Rollups are an edition: whoever changes them names it anew in the same transaction, and every look reads the name. No
name comes again, so that neither other processes nor transactions taken back leave anything behind that is believed.
"""

import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock

from analytics.models import RollupEdition
from analytics.sources import Key

Sums = Mapping[Key, int]

# A figure takes some 300 bytes. What a single question finds beyond a third of it is not kept.
FIGURES_KEPT = 60_000
THE_ONE_ROW = 1


class Kept:
    """The sums last asked for of one edition, no more than so many figures in all; for any thread."""

    def __init__(self, room: int = FIGURES_KEPT) -> None:
        self._room = room
        self._lock = Lock()
        self._edition: Hashable = None
        self._sums: OrderedDict[Hashable, Sums] = OrderedDict()
        self._size = 0

    def sums(self, edition: Hashable, question: Hashable, read: Callable[[], Sums]) -> Sums:
        """What `read` gives, or gave when this was last asked of this edition. Nothing is kept of None."""
        if edition is None:
            return read()
        with self._lock:
            if edition == self._edition and question in self._sums:
                self._sums.move_to_end(question)
                return self._sums[question]
        found = read()
        with self._lock:
            self._keep(edition, question, found)
        return found

    def __len__(self) -> int:
        """How many figures are kept."""
        return self._size

    def _keep(self, edition: Hashable, question: Hashable, found: Sums) -> None:
        if edition != self._edition:
            self._begin(edition)
        if question in self._sums or len(found) * 3 > self._room:
            return
        self._sums[question] = found
        self._size += len(found)
        while self._size > self._room:
            self._size -= len(self._sums.popitem(last=False)[1])

    def _begin(self, edition: Hashable) -> None:
        self._edition, self._size = edition, 0
        self._sums.clear()


kept = Kept()


def begin_edition() -> None:
    """Within the transaction that changes rollups."""
    RollupEdition.objects.update_or_create(pk=THE_ONE_ROW, defaults={"name": uuid.uuid4()})
