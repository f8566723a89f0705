"""What venues announces."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VenueCreated:
    venue_id: int
    by_id: int | None


@dataclass(frozen=True)
class VenueStatusChanged:
    venue_id: int
    old: str
    new: str
    by_id: int | None


@dataclass(frozen=True)
class VarIdGenerated:
    venue_id: int
    var_id_id: int
    by_id: int | None


@dataclass(frozen=True)
class CheckedIn:
    user_id: int
    venue_id: int
    certainty: str


@dataclass(frozen=True)
class CheckedOut:
    user_id: int
    venue_id: int
