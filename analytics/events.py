"""What analytics announces."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportExported:
    """Somebody was given the report as a file: of each of these kinds, in that currency."""

    by_id: int
    kinds: tuple[str, ...]
    currency: str
