"""What sockets did in this process. Only the event loop counts here, so no lock is needed."""

from collections import defaultdict
from dataclasses import dataclass, field

from core.figures import SECONDS, Histogram
from core.surface.close_codes import MEANINGS

# What a browser says for itself when it goes; any other number is a client's own idea.
OF_CLIENTS = frozenset({1000, 1001, 1005, 1006})
REFUSED = "refused"
# RFC 6455 (7.1.5): the connection was cut without a word.
NO_CODE = 1006


@dataclass
class SocketFigures:
    """`received` are frames by their type, or REFUSED, and `sent` by what they tell; `closed` are sockets by who closed
    them and the code. `opening_seconds` is what letting one in took, from its handshake on, and `posting_seconds` what
    it took from a frame that says something to its being stored or refused.
    """

    open: int = 0
    received: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    closed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    opening_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    posting_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))

    def note_closed(self, by: str, code: int) -> None:
        known = code in MEANINGS or code in OF_CLIENTS
        self.closed[by, str(code) if known else "other"] += 1


figures = SocketFigures()
