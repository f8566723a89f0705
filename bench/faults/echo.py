"""How long others wait for their messages to be acknowledged while something goes on."""

import asyncio
from collections.abc import Sequence
from types import TracebackType

from bench.faults.ground import Facts, Process, milliseconds, percentile
from bench.faults.socket_client import Sender

EVERY = 0.02


class Echoes:
    """`async with` it: senders that each say something again and again, in private chats of their own.

    `waits` are the seconds until each message was acknowledged, `failed` how many were not.
    """

    def __init__(self, senders: Sequence[Sender]) -> None:
        self.waits: list[float] = []
        self.failed = 0
        self._senders = senders
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, server: Process, facts: Facts, numbers: Sequence[int]) -> "Echoes":
        opening = (Sender.open(server.address, facts.chat(number), facts.tokens[number]) for number in numbers)
        return cls(await asyncio.gather(*opening))

    async def __aenter__(self) -> "Echoes":
        self.waits.clear()
        self._tasks = [asyncio.ensure_future(self._echo(sender)) for sender in self._senders]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def figures(self, when: str) -> dict[str, float]:
        return {
            f"{when}_echoes": len(self.waits),
            f"{when}_p50_ms": milliseconds(percentile(self.waits, 0.5)),
            f"{when}_p99_ms": milliseconds(percentile(self.waits, 0.99)),
            f"{when}_worst_ms": milliseconds(max(self.waits)),
        }

    async def _echo(self, sender: Sender) -> None:
        while True:
            try:
                self.waits.append(await sender.say("Still here"))
            except ConnectionError:
                self.failed += 1
                return
            await asyncio.sleep(EVERY)
