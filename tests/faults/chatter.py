"""Good clients: they name what they send, send again what was not acknowledged, and resume where they left off."""

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

# Sent and not yet acknowledged: whoever has more on the way waits with the next.
WINDOW = 10
ACK_WAIT = 5.0
RESEND_AFTER = 0.3
GONE = (OSError, TimeoutError, EOFError, InvalidHandshake, InvalidMessage, ConnectionClosed)


@dataclass
class Said:
    """`tried_at` is when it was last sent; `contradicted` whether a second ack said something else than the first."""

    client_id: str
    sent_at: float
    tried_at: float
    acked_at: float | None = None
    id: int = 0
    seq: int = 0
    contradicted: bool = False


@dataclass(frozen=True)
class Close:
    at: float
    code: int
    port: int


@dataclass
class Chatter:
    """One person's socket in one room, opened again whenever it closes, at each of `ports` in turn.

    `ids` and `heard_at` are of the durable frames heard, the first of them being `seq` 1.
    """

    name: str
    ports: Sequence[int]
    path: str
    token: str
    ids: list[int] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)
    waiting: dict[str, Said] = field(default_factory=dict)
    closes: list[Close] = field(default_factory=list)
    resumed_at: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    repeats: int = 0
    is_in: bool = False
    _socket: ClientConnection | None = None
    _replay: list[int] = field(default_factory=list)
    _resumes_from: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def seq(self) -> int:
        """Everything up to there was heard."""
        return len(self.ids)

    def acks_since(self, moment: float) -> list[float]:
        """When something that it said was acknowledged, after that moment."""
        return [said.acked_at for said in self.said.values() if said.acked_at is not None and said.acked_at > moment]

    async def stay(self) -> None:
        """Until cancelled."""
        ports = deque(self.ports)
        while True:
            with suppress(GONE):
                await self._visit(ports[0])
            self.is_in, self._socket = False, None
            ports.rotate(-1)
            await asyncio.sleep(random.uniform(0.02, 0.2))

    async def talk(self, count: int, *, every: float) -> None:
        """Say so many things, not quicker than that, and not more than may wait for their ack."""
        for _ in range(count):
            started = time.monotonic()
            while len(self.waiting) >= WINDOW:
                await asyncio.sleep(0.01)
            await self._say()
            await asyncio.sleep(max(0.0, started + every - time.monotonic()))

    async def insist(self) -> None:
        """Send again what nobody acknowledged in time, until cancelled."""
        while True:
            await asyncio.sleep(ACK_WAIT / 4)
            late = [said for said in self.waiting.values() if time.monotonic() - said.tried_at > ACK_WAIT]
            for said in late:
                await self._send_message(said)

    async def _visit(self, port: int) -> None:
        opening = connect(
            f"ws://127.0.0.1:{port}{self.path}",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            compression=None,
            max_queue=None,
            ping_interval=None,
            close_timeout=1,
            proxy=None,
        )
        async with opening as socket:
            self._socket = socket
            try:
                await self._resume()
                while True:
                    await self._hear(json.loads(await socket.recv(decode=False)))
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self.closes.append(Close(time.monotonic(), code, port))

    async def _say(self) -> None:
        now = time.monotonic()
        said = Said(f"{self.name}-{len(self.said)}", now, now)
        self.said[said.client_id] = self.waiting[said.client_id] = said
        await self._send_message(said)

    async def _send_message(self, said: Said) -> None:
        if self.is_in:
            said.tried_at = time.monotonic()
            await self._send({"message": f"This is {said.client_id}.", "client_id": said.client_id})

    async def _resume(self) -> None:
        self._replay, self._resumes_from = [], self.seq
        await self._send({"type": "resume", "since": self.seq})

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._socket is not None:
            try:
                await self._socket.send(json.dumps(frame))
            except ConnectionClosed:
                return

    async def _hear(self, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "message":
                self._note(frame)
            case "ack":
                self._note_ack(frame)
            case "resumed":
                await self._note_resumed(frame)
            case None:
                self._note_refusal(frame)

    def _note(self, frame: dict[str, Any]) -> None:
        """Before it is told `resumed` a socket may hear live frames too, which are then in what it resumes as well."""
        seq = frame["seq"]
        self._replay.append(seq)
        if seq == self.seq + 1:
            self.ids.append(frame["id"])
            self.heard_at.append(time.monotonic())
        elif self.is_in and seq > self.seq:
            self.gaps += 1
        elif self.is_in:
            self.repeats += 1

    def _note_ack(self, frame: dict[str, Any]) -> None:
        said = self.said[frame["client_id"]]
        self.waiting.pop(said.client_id, None)
        if said.acked_at is None:
            said.acked_at, said.id, said.seq = time.monotonic(), frame["id"], frame["seq"]
        elif (said.id, said.seq) != (frame["id"], frame["seq"]):
            said.contradicted = True

    async def _note_resumed(self, frame: dict[str, Any]) -> None:
        promised = list(range(self._resumes_from + 1, frame["seq"] + 1))
        if promised and self._replay[-len(promised) :] != promised:
            self.gaps += 1
        if not frame["complete"]:
            await self._resume()
            return
        if not self.is_in:
            self.is_in = True
            self.resumed_at.append(time.monotonic())
            for said in tuple(self.waiting.values()):
                await self._send_message(said)

    def _note_refusal(self, frame: dict[str, Any]) -> None:
        """A message that was refused is sent again, and so is a resume, which carries no name to refuse it by."""
        self.refusals[frame["code"]] += 1
        said = self.waiting.get(frame.get("client_id", ""))
        if said is not None:
            self._later(lambda: self._send_message(said))
        elif not self.is_in:
            self._later(self._resume)

    def _later(self, act: Callable[[], Awaitable[None]]) -> None:
        async def wait_and_act() -> None:
            await asyncio.sleep(RESEND_AFTER)
            await act()

        task = asyncio.ensure_future(wait_and_act())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def present(chatters: Sequence[Chatter]) -> AsyncIterator[None]:
    """All of them in the room, until the block ends."""
    tasks = [asyncio.ensure_future(act) for chatter in chatters for act in (chatter.stay(), chatter.insist())]
    try:
        await until(lambda: all(chatter.is_in for chatter in chatters), seconds=30)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def talking(chatters: Sequence[Chatter], *, rate: float) -> AsyncIterator[None]:
    """All of them say things, at no more than `rate` a second together, until the block ends."""
    task = asyncio.ensure_future(talk(chatters, sys.maxsize, rate=rate))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def talk(chatters: Sequence[Chatter], sends: int, *, rate: float) -> None:
    """So many things said by all of them together, at no more than `rate` a second."""
    shares = [sends // len(chatters) + (number < sends % len(chatters)) for number in range(len(chatters))]
    every = len(chatters) / rate
    await asyncio.gather(*(chatter.talk(share, every=every) for chatter, share in zip(chatters, shares, strict=True)))


def acknowledged(chatters: Sequence[Chatter]) -> int:
    return sum(len(chatter.said) - len(chatter.waiting) for chatter in chatters)


async def until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def settled(chatters: Sequence[Chatter], *, seconds: float = 30) -> None:
    """Everything that was said is acknowledged, and everybody has heard it. Who has not by then is judged so."""
    await until(lambda: not any(chatter.waiting for chatter in chatters), seconds=seconds)
    furthest = max((said.seq for chatter in chatters for said in chatter.said.values()), default=0)
    await until(lambda: all(chatter.seq >= furthest for chatter in chatters), seconds=seconds)


def judge(chatters: Sequence[Chatter], stored: Sequence[tuple[int, int, str]]) -> dict[str, int]:
    """What is lost, doubled or missing, as the clients saw it and as it is stored.

    Lost: acknowledged and not stored so, or never acknowledged. Doubled: stored twice, acknowledged as two, or heard
    again. Gaps: numbers that are skipped in the database, or by a client, or that a client never heard.
    """
    said = [each for chatter in chatters for each in chatter.said.values()]
    there = {client_id: (seq, message_id) for seq, message_id, client_id in stored}
    ids = [message_id for _, message_id, _ in stored]
    return {
        "sends": len(said),
        "lost": sum(each.acked_at is None or there.get(each.client_id) != (each.seq, each.id) for each in said),
        "doubled": len(stored)
        - len(there)
        + sum(each.contradicted for each in said)
        + sum(chatter.repeats for chatter in chatters),
        "gaps": sum(seq != place for place, (seq, _, _) in enumerate(stored, start=1))
        + sum(chatter.gaps + (chatter.ids != ids) for chatter in chatters),
    }


def percentile(values: Sequence[float], share: float = 0.99) -> float:
    """In seconds, as measured; of nothing it is infinite."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else float("inf")
