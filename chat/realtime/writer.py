"""One writer per process: what arrives while a transaction runs is stored together in the next one."""

import asyncio
import logging
import time
from collections import deque

from django.db import DatabaseError, InterfaceError, OperationalError

from chat.realtime.figures import figures
from chat.services.posting import NewMessage, Posted, post_messages
from core.background import Background
from core.errors import DomainError, Unavailable
from core.threads import KeptConnection

log = logging.getLogger(__name__)

BATCH = 500
RETRY_FOR = 10.0
RETRY_EVERY = 0.25

Outcome = Posted | DomainError
Waiting = tuple[NewMessage, "asyncio.Future[Outcome]"]


class Writer:
    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._background = Background()
        self._database = KeptConnection("writer")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def post(self, message: NewMessage) -> "asyncio.Future[Outcome]":
        """Resolves once the message is stored or refused; in the order in which messages of one sender were given."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, outcome))
        self._write_soon()
        return outcome

    async def stop(self, *, patience: float) -> None:
        """Wait until everything that was given is stored, but no longer than that: the rest is refused."""
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=patience)
        await self._background.stop()
        await self._database.stop(patience=patience)
        _refuse(list(self._waiting), but_keep_named=False)
        self._waiting.clear()

    def _write_soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._background.start(self._write())

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store(batch)
            finally:
                # Whatever happened, nobody waits for ever.
                _refuse(batch, but_keep_named=False)

    async def _store(self, batch: list[Waiting]) -> None:
        """With the database away, what carries a `client_id` is tried again; the rest is refused at once.

        Only the former can be stored twice without harm: whether the lost commit went through nobody knows.
        """
        deadline = asyncio.get_running_loop().time() + RETRY_FOR
        while batch:
            started = time.monotonic()
            try:
                outcomes = await self._database.run(post_messages, [message for message, _ in batch])
                figures.note_stored(len(batch), time.monotonic() - started)
            except (OperationalError, InterfaceError) as trouble:
                figures.failed_batches += 1
                log.warning("cannot store messages: %s", type(trouble).__name__)
                retry = asyncio.get_running_loop().time() < deadline
                batch = _refuse(batch, but_keep_named=retry)
                await asyncio.sleep(RETRY_EVERY)
            except DatabaseError as trouble:
                log.error("cannot store messages", exc_info=trouble)
                return
            else:
                for (_, waiting), outcome in zip(batch, outcomes, strict=True):
                    if not waiting.done():
                        waiting.set_result(outcome)
                return


def _refuse(batch: list[Waiting], *, but_keep_named: bool) -> list[Waiting]:
    """Refuse what has no outcome yet. Returns what is kept to be tried again."""
    kept = [(message, outcome) for message, outcome in batch if but_keep_named and message.client_id]
    for message, outcome in batch:
        if not (but_keep_named and message.client_id) and not outcome.done():
            outcome.set_result(Unavailable("The message could not be stored. Please send it again."))
    return kept
