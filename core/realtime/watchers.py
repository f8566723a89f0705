"""Who wants to be told when something happens to a session or a user."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Watchers(Generic[Key]):
    """Callbacks by key; a key without any is forgotten."""

    def __init__(self) -> None:
        self._calls: dict[Key, set[Callable[[], None]]] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def watch(self, key: Key, call: Callable[[], None]) -> None:
        self._calls.setdefault(key, set()).add(call)

    def forget(self, key: Key, call: Callable[[], None]) -> None:
        calls = self._calls.get(key, set())
        calls.discard(call)
        if not calls:
            self._calls.pop(key, None)

    def tell(self, key: Key) -> None:
        for call in tuple(self._calls.get(key, ())):
            call()
