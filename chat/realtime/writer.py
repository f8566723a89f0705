"""One writer per process: what arrives while a transaction runs is stored together in the next one.

A conversation whose row somebody else holds keeps no other waiting: what is said there is passed over, and stored in
its own order once the row is let go.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from django.db import DatabaseError, InterfaceError, OperationalError

from chat.errors import ConversationHeld
from chat.realtime.figures import figures
from chat.services.posting import NewMessage, Posted, post_messages
from core.background import Background
from core.errors import DomainError, Unavailable
from core.threads import KeptConnection, in_database_thread

log = logging.getLogger(__name__)

BATCH = 500
RETRY_FOR = 10.0
RETRY_EVERY = 0.25
# How many held conversations are waited for at the same time: each takes a thread that others could use.
HELD_AT_ONCE = 2

Outcome = Posted | DomainError
Waiting = tuple[NewMessage, "asyncio.Future[Outcome]"]
Store = Callable[[list[NewMessage]], Awaitable[list[Outcome]]]


class Writer:
    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._background = Background()
        self._database = KeptConnection("writer")
        self._task: asyncio.Task[None] | None = None
        self._held: dict[int, deque[Waiting]] = {}
        self._holding: set[asyncio.Task[None]] = set()
        self._may_wait = asyncio.Semaphore(HELD_AT_ONCE)

    @property
    def waiting(self) -> int:
        return len(self._waiting) + sum(map(len, self._held.values()))

    def post(self, message: NewMessage) -> "asyncio.Future[Outcome]":
        """Resolves once the message is stored or refused; in the order in which messages of one sender were given."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, outcome))
        self._write_soon()
        return outcome

    async def stop(self, *, patience: float) -> None:
        """Wait until everything that was given is stored, but no longer than that: the rest is refused."""
        running = {task for task in (self._task, *self._holding) if task is not None}
        if running:
            await asyncio.wait(running, timeout=patience)
        await self._background.stop()
        await self._database.stop(patience=patience)
        _refuse(list(self._waiting), but_keep_named=False)
        self._waiting.clear()

    def _write_soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._background.start(self._write())

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                await self._store(batch, self._store_what_is_free)
            finally:
                # Whatever happened, nobody waits for ever, but for a held row.
                _refuse([item for item in batch if item[0].conversation_id not in self._held], but_keep_named=False)

    def _next_batch(self) -> list[Waiting]:
        """Without what has to wait for what was said before it in a held conversation."""
        batch: list[Waiting] = []
        while self._waiting and len(batch) < BATCH:
            item = self._waiting.popleft()
            line = self._held.get(item[0].conversation_id)
            (batch if line is None else line).append(item)
        return batch

    def _hold(self, item: Waiting) -> None:
        conversation_id = item[0].conversation_id
        if conversation_id not in self._held:
            self._held[conversation_id] = deque()
            task = self._background.start(self._write_held(conversation_id))
            self._holding.add(task)
            task.add_done_callback(self._holding.discard)
        self._held[conversation_id].append(item)

    async def _write_held(self, conversation_id: int) -> None:
        line = self._held[conversation_id]
        batch: list[Waiting] = []
        try:
            async with self._may_wait:
                while line:
                    batch = [line.popleft() for _ in range(min(BATCH, len(line)))]
                    await self._store(batch, self._store_when_free)
                    _refuse(batch, but_keep_named=False)
        finally:
            del self._held[conversation_id]
            _refuse([*batch, *line], but_keep_named=False)

    async def _store_what_is_free(self, messages: list[NewMessage]) -> list[Outcome]:
        return await self._database.run(post_messages, messages, waits=False)

    async def _store_when_free(self, messages: list[NewMessage]) -> list[Outcome]:
        return await in_database_thread(post_messages, messages)

    async def _store(self, batch: list[Waiting], store: Store) -> None:
        """With the database away, what carries a `client_id` is tried again; the rest is refused at once.

        Only the former can be stored twice without harm: whether the lost commit went through nobody knows.
        """
        deadline = asyncio.get_running_loop().time() + RETRY_FOR
        while batch:
            started = time.monotonic()
            try:
                outcomes = await store([message for message, _ in batch])
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
                self._settle(batch, outcomes)
                return

    def _settle(self, batch: list[Waiting], outcomes: list[Outcome]) -> None:
        for item, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, ConversationHeld):
                self._hold(item)
            elif not item[1].done():
                item[1].set_result(outcome)


def _refuse(batch: list[Waiting], *, but_keep_named: bool) -> list[Waiting]:
    """Refuse what has no outcome yet. Returns what is kept to be tried again."""
    kept = [(message, outcome) for message, outcome in batch if but_keep_named and message.client_id]
    for message, outcome in batch:
        if not (but_keep_named and message.client_id) and not outcome.done():
            outcome.set_result(Unavailable("The message could not be stored. Please send it again."))
    return kept
