"""K6. Tell two servers behind nginx to go down, one after the other again and again, while clients talk and ask.

    python -m tests.faults.roll_servers [--quick] [--seed 1]

nginx runs with deploy/nginx.conf, but for addresses. The next server is told once nginx may again send to the one
before it, as somebody who deploys would wait for it.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from core.surface.close_codes import GOING_AWAY
from tests.faults.chatter import Chatter, judge, percentile, present, settled, talking
from tests.faults.ground import (
    ROOT,
    Process,
    Server,
    free_port,
    own_database,
    own_directory,
    own_redis,
    stored_messages,
)
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

AT_MOST = {
    "lost": 0,
    "doubled": 0,
    "gaps": 0,
    "failed_requests": 0,
    "closes_without_1012": 0,
    "resume_p99_seconds": 3,
    "exit_most_seconds": 10,
}
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
# What deploy/nginx.conf says: whole seconds, so it may be one more.
FAIL_TIMEOUT = 3.0
ONE_WRITE_IN = 4
ASKED_AT_ONCE = 64


@dataclass(frozen=True)
class Plan:
    rolls: int = 10
    people: int = 20
    messages: float = 50
    requests: float = 50


QUICK = Plan(rolls=2, people=6)


def main() -> int:
    options = asked(__doc__)
    if not Path(NGINX).exists():
        raise SystemExit("K6 needs nginx")
    plan = QUICK if options.quick else Plan()
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=plan.people)
        figures = asyncio.run(play(stage, plan))
        versions = versions_of(database_url, redis.url)
    return report("K6", figures, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, plan: Plan) -> dict[str, object]:
    exits: list[float] = []
    async with stage.serving(2) as servers:
        with nginx(stage.directory, [server.port for server in servers]) as front:
            await front.listening()
            chatters = stage.chatters([[front.port]])
            asker = Asker(front.port, stage.tokens)
            async with present(chatters):
                async with talking(chatters, rate=plan.messages), asker.asking(rate=plan.requests):
                    for server in itertools.islice(itertools.cycle(servers), plan.rolls):
                        await asyncio.sleep(FAIL_TIMEOUT + 0.5)
                        exits.append(await _roll(server))
                    await asyncio.sleep(0.5)
                await settled(chatters)
                closes = Counter(close.code for chatter in chatters for close in chatter.closes)
    resumes = [wait for chatter in chatters for wait in waits_for_resume(chatter)]
    return {
        **judge(chatters, stored_messages(stage.database_url)),
        "rolls": plan.rolls,
        "requests": asker.answers.total(),
        "failed_requests": asker.answers.total() - asker.answers["ok"],
        "answers": dict(asker.answers),
        "closes": closes.total(),
        "closes_without_1012": closes.total() - closes[GOING_AWAY],
        "resume_p99_seconds": percentile(resumes),
        "exit_most_seconds": percentile(exits, 1),
    }


async def _roll(server: Server) -> float:
    """Told to go down, gone, and started again. Returns how long it took to go."""
    told_at = time.monotonic()
    server.signal(signal.SIGTERM)
    await server.ended()
    took = time.monotonic() - told_at
    server.start()
    await server.listening()
    return took


def waits_for_resume(chatter: Chatter) -> Iterator[float]:
    """From each close until everything missed was sent; for ever where that never was."""
    for close in chatter.closes:
        yield next((at - close.at for at in chatter.resumed_at if at > close.at), float("inf"))


@dataclass
class Asker:
    """Reads and writes over HTTP, each request on a connection of its own, none of them tried again."""

    port: int
    tokens: Sequence[str]
    answers: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def asking(self, *, rate: float) -> AsyncIterator[None]:
        """So many requests a second, however long each takes, until the block ends and all are answered."""
        with ThreadPoolExecutor(ASKED_AT_ONCE) as threads:
            task = asyncio.ensure_future(self._ask_on(threads, 1 / rate))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)

    async def _ask_on(self, threads: ThreadPoolExecutor, every: float) -> None:
        due = time.monotonic()
        for number in itertools.count():
            threads.submit(self._ask, number)
            due += every
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _ask(self, number: int) -> None:
        try:
            with urlopen(self._request(number), timeout=20) as answer:
                answer.read()
            self.answers["ok"] += 1
        except HTTPError as refusal:
            self.answers[str(refusal.code)] += 1
        except (OSError, HTTPException) as trouble:
            self.answers[type(trouble).__name__] += 1

    def _request(self, number: int) -> Request:
        at = f"http://127.0.0.1:{self.port}"
        headers = {"Authorization": f"Bearer {self.tokens[number % len(self.tokens)]}"}
        if number % ONE_WRITE_IN:
            return Request(f"{at}/private/list/", headers=headers)
        other = {"username": f"guest{(number + 1) % len(self.tokens)}"}
        headers["Content-Type"] = "application/json"
        return Request(f"{at}/private/create/", data=json.dumps(other).encode(), headers=headers)


class Front(Process):
    def __init__(self, directory: Path, ports: Sequence[int]) -> None:
        self.port = free_port()
        configuration = (ROOT / "deploy" / "nginx.conf").read_text()
        for name, port in zip(("web-1:8000", "web-2:8000"), ports, strict=True):
            configuration = configuration.replace(name, f"127.0.0.1:{port}")
        configuration = configuration.replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        configuration = configuration.replace("/tmp/nginx.pid", str(directory / "nginx.pid"))
        path = directory / "nginx.conf"
        path.write_text(configuration)
        ours = "daemon off; error_log stderr;" + ("user root;" if os.geteuid() == 0 else "")
        command = [NGINX, "-p", str(directory), "-c", str(path), "-g", ours]
        super().__init__(command, log=directory / "nginx.log", environment=os.environ)

    async def listening(self) -> None:
        await self.listening_at(self.port)


@contextmanager
def nginx(directory: Path, ports: Sequence[int]) -> Iterator[Front]:
    front = Front(directory, ports)
    front.start()
    try:
        yield front
    finally:
        front.end()


if __name__ == "__main__":
    sys.exit(main())
