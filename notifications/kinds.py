"""The kinds of notifications there are. Whoever sends one declares it, where its subscribers stand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`name` is stored and stays; `title` is what its reader switches on and off; both ways are on unless said so."""

    name: str
    title: str
    in_app: bool = True
    email: bool = True


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Raises ValueError if another one has its name."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"There is another kind of notification called {kind.name}.")


def kind_named(name: str) -> Kind:
    """Raises KeyError."""
    return _kinds[name]


def find_kind(name: str) -> Kind | None:
    return _kinds.get(name)


def known_kinds() -> list[Kind]:
    """In the order of their titles."""
    return sorted(_kinds.values(), key=lambda kind: kind.title)
