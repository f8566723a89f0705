"""Storing many rows at once, some of which may not be storable."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from django.db import IntegrityError

Row = TypeVar("Row")


def store_all_that_can_be(rows: Sequence[Row], store: Callable[[Sequence[Row]], object]) -> None:
    """Together; and one by one where the database refuses that, so that one it refuses takes nobody else's place.

    Not inside a transaction: what is refused there ends it.
    """
    try:
        store(rows)
    except IntegrityError:
        for row in rows:
            with suppress(IntegrityError):
                store([row])
