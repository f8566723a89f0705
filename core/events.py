"""Facts announced by one app and reacted to by the apps above it, in this process.

An event is a frozen dataclass in its app's `events.py`. A reaction stands in the reacting app's `subscribers.py`,
which is imported when Django starts.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from django.db import connection, transaction

Event = TypeVar("Event")
Reaction = Callable[[Any], None]

log = logging.getLogger(__name__)

_in_transaction: dict[type, list[Reaction]] = defaultdict(list)
_after_commit: dict[type, list[Reaction]] = defaultdict(list)


def with_it(event_type: type[Event]) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """React inside the announcing transaction: what the reaction writes stands or falls with the fact."""

    def register(reaction: Callable[[Event], None]) -> Callable[[Event], None]:
        _in_transaction[event_type].append(reaction)
        return reaction

    return register


def after_commit(event_type: type[Event]) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """React once the fact is stored. A reaction that fails is logged and disturbs neither the others nor the caller."""

    def register(reaction: Callable[[Event], None]) -> Callable[[Event], None]:
        _after_commit[event_type].append(reaction)
        return reaction

    return register


def announce(event: object) -> None:
    """Tell everyone who subscribed to this type of event. Call it inside the transaction that makes it true."""
    for reaction in _in_transaction[type(event)]:
        reaction(event)
    for reaction in _after_commit[type(event)]:
        transaction.on_commit(_bound(reaction, event))


def together_with(*event_types: type) -> AbstractContextManager[object]:
    """A transaction for a single statement that needs none of its own, unless others write with what it makes true."""
    if any(_in_transaction[event_type] for event_type in event_types) or connection.in_atomic_block:
        return transaction.atomic()
    return nullcontext()


def _bound(reaction: Reaction, event: object) -> Callable[[], None]:
    def react() -> None:
        try:
            reaction(event)
        # The boundary: the fact is stored and its announcer is done.
        except Exception as exception:
            log.error("%s failed after %s", reaction.__qualname__, type(event).__name__, exc_info=exception)

    return react
