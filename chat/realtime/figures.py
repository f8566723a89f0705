"""What the real-time core of this process counts. Whoever counts runs on its event loop; anybody may read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.entries import Entry, Whisper, kind_of
from core.figures import Histogram
from core.surface.socket_figures import figures as sockets

BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
STORE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass
class Figures:
    resumes: int = 0
    heals: int = 0
    batch_sizes: Histogram = field(default_factory=lambda: Histogram(BATCH_SIZES))
    store_seconds: Histogram = field(default_factory=lambda: Histogram(STORE_SECONDS))
    failed_batches: int = 0

    def note_sent(self, entries: Iterable[Entry], listeners: int) -> None:
        """Counted for a whole room at once, before each socket leaves out what it does not show."""
        for entry in entries:
            sockets.sent[kind_of(entry)] += listeners

    def note_whispered(self, whispers: Iterable[Whisper], listeners: int) -> None:
        for whisper in whispers:
            sockets.sent[whisper.kind] += listeners

    def note_stored(self, messages: int, seconds: float) -> None:
        self.batch_sizes.note(messages)
        self.store_seconds.note(seconds)


figures = Figures()
