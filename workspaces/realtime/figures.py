"""What telling who is there takes in this process. Only the event loop counts here; anybody may read."""

from dataclasses import dataclass


@dataclass
class PresenceFigures:
    """Rounds that were made, frames that were spelled, and writes to sockets, of however many frames each."""

    rounds: int = 0
    spelled: int = 0
    written: int = 0


figures = PresenceFigures()
