"""What activity announces."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeedGrew:
    """Entries were written to a feed, in this order."""

    feed: str
    entry_ids: tuple[int, ...]
