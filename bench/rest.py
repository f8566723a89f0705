"""REST rows: the product, a tutorial-style build of the same endpoints (the base) and one in FastAPI, in turns."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from statistics import median

import jwt
import psycopg
from psycopg import sql

from bench import harness
from bench.harness import FIRST_PORT, ROOT, Server
from bench.load import AT_ONCE, Outcome, ask, http_request, measure, take

SECRETS = {
    "SECRET_KEY": "bench-secret-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "JWT_SECRET_KEY": "bench-jwt-9876543210-zyxwvutsrqponmlkjihgfedcba-GFEDCBA",
}
PRODUCT_URL, BASE_URL, FASTAPI_URL = (harness.database_url(name) for name in ("product", "base", "fastapi"))
POOL_SIZE = 16
PRODUCT_ENVIRONMENT = {
    **SECRETS,
    "ENV_FILE": "/dev/null",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": PRODUCT_URL,
    "DATABASE_POOL_SIZE": str(POOL_SIZE),
    "REDIS_URL": harness.REDIS_URL,
    "PUBLIC_URL": f"http://127.0.0.1:{FIRST_PORT}",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PORT": str(FIRST_PORT),
    "DATA_DIR": "/tmp/bench",
}
BASE_ENVIRONMENT = {"SECRET_KEY": SECRETS["SECRET_KEY"], "DATABASE_URL": BASE_URL, "REDIS_URL": harness.REDIS_URL}
BASELINE = ROOT / "bench" / "baseline"
DAPHNE = str(ROOT / ".venv" / "bin" / "daphne")

PRODUCT = Server("product", (str(ROOT / ".venv/bin/python"), "-m", "config.server"), FIRST_PORT, PRODUCT_ENVIRONMENT)
BASE = Server(
    "base",
    (DAPHNE, "--bind", "127.0.0.1", "--port", "{port}", "--access-log", "/dev/null", "tutorial.asgi:application"),
    FIRST_PORT + 1,
    BASE_ENVIRONMENT,
    BASELINE,
)
FASTAPI = Server(
    "fastapi",
    (str(harness.OWN_PYTHON), "-m", "uvicorn", "bench.fastapi_app.main:app", "--port", "{port}", "--no-access-log"),
    FIRST_PORT + 2,
    {**SECRETS, "DATABASE_URL": FASTAPI_URL},
)
BARE = Server("bare", (str(ROOT / ".venv/bin/python"), "-m", "bench.bare_server", "{port}"), FIRST_PORT + 3)
MEASURED = (PRODUCT, BASE, FASTAPI)

READERS = 320
WARM_UP = 200
WRITES = 400
SAID = "Quiz starts at nine, and whoever is late buys a round."

# The base's tables, the product's they are filled from, and columns that are called otherwise there.
COPIES = (
    ("pub_user", "accounts_user", {"user_type": "user_type_id"}),
    ("pub_venue", "venues_venue", {}),
    ("pub_presence", "venues_presence", {}),
    ("pub_offer", "offers_offer", {}),
    ("pub_workspace", "workspaces_workspace", {}),
    ("pub_member", "workspaces_member", {}),
    ("pub_channel", "workspaces_channel", {}),
    ("pub_conversation", "chat_conversation", {}),
    ("pub_participant", "chat_participant", {}),
    ("pub_message", "chat_message", {}),
    ("pub_reaction", "chat_reaction", {}),
)


@dataclass(frozen=True)
class Facts:
    """What `bench.plant` planted."""

    venue: int
    users: list[int]
    tokens: list[str]
    offers: list[str]
    chats: list[int]
    channels: list[int]


@dataclass(frozen=True)
class Row:
    """Requests of one kind, endless or, where each may be sent once, as many as there are."""

    name: str
    requests: dict[str, Iterator[bytes]]
    writes: bool = False


async def run(*, seconds: float, repeats: int) -> None:
    harness.pin_this_process()
    try:
        facts = prepare(customers=max(READERS, WARM_UP + WRITES * repeats))
        with harness.running(*MEASURED, BARE) as process_ids:
            await print_headroom(seconds)
            for row in rows_of(facts):
                await check(row)
                await print_comparison(row, seconds, repeats, process_ids)
            await print_connections(facts)
    finally:
        for url in (PRODUCT_URL, BASE_URL, FASTAPI_URL):
            harness.drop_database(url)


def prepare(*, customers: int) -> Facts:
    harness.create_database(PRODUCT_URL)
    harness.run_python("manage.py", "migrate", "--verbosity=0", environment=PRODUCT_ENVIRONMENT)
    planted = harness.run_python("-m", "bench.plant", str(customers), environment=PRODUCT_ENVIRONMENT)
    harness.create_database(FASTAPI_URL, template=PRODUCT_URL)
    harness.create_database(BASE_URL)
    migrate = ("manage.py", "migrate", "--verbosity=0")
    harness.run_python(*migrate, environment=BASE_ENVIRONMENT, directory=BASELINE)
    with psycopg.connect(PRODUCT_URL) as source, psycopg.connect(BASE_URL) as target:
        for target_table, source_table, renamed in COPIES:
            copy_rows(source, source_table, target, target_table, renamed)
    for url in (PRODUCT_URL, BASE_URL, FASTAPI_URL):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    return Facts(**json.loads(planted))


def copy_rows(
    source: psycopg.Connection, source_table: str, target: psycopg.Connection, table: str, renamed: dict[str, str]
) -> None:
    """The target's columns, from the source."""
    with target.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table))) as empty:
        columns = [column.name for column in empty.description or ()]
    there = sql.SQL(", ").join(sql.Identifier(renamed.get(column, column)) for column in columns)
    here = sql.SQL(", ").join(map(sql.Identifier, columns))
    out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(there, sql.Identifier(source_table))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), here)
    with source.cursor().copy(out) as taken, target.cursor().copy(into) as given:
        for block in taken:
            given.write(block)
    continue_numbers(target, table)


def continue_numbers(target: psycopg.Connection, table: str) -> None:
    """What is made from now on is numbered behind what was copied."""
    numbered = target.execute(
        "SELECT pg_get_serial_sequence(%s, 'id') FROM information_schema.columns"
        " WHERE table_name = %s AND column_name = 'id' AND is_identity = 'YES'",
        (table, table),
    ).fetchone()
    if numbered is not None:
        last = sql.SQL("SELECT setval(%s, (SELECT coalesce(max(id), 0) + 1 FROM {}))").format(sql.Identifier(table))
        target.execute(last, numbered)


def tokens_of(facts: Facts) -> dict[str, list[str]]:
    """For the product and FastAPI the planted sessions'; for the base as its login would make them."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    base = [
        jwt.encode(
            {"token_type": "access", "exp": expires, "jti": f"{user:032}", "user_id": str(user)},
            SECRETS["SECRET_KEY"],
            algorithm="HS256",
        )
        for user in facts.users
    ]
    return {PRODUCT.name: facts.tokens, BASE.name: base, FASTAPI.name: facts.tokens}


def rows_of(facts: Facts) -> Iterator[Row]:
    tokens = tokens_of(facts)
    yield Row("offers_list", {name: cycle(list_requests(facts, mine)) for name, mine in tokens.items()})
    yield Row("private_history", {name: cycle(history_requests(facts, mine)) for name, mine in tokens.items()})
    post = {name: cycle(post_requests(facts, mine)) for name, mine in tokens.items()}
    yield Row("post_channel_message", post)
    redeem = {name: redeem_requests(facts, mine) for name, mine in tokens.items()}
    yield Row("redeem_offer", redeem, writes=True)


def list_requests(facts: Facts, tokens: Sequence[str]) -> list[bytes]:
    return [http_request("GET", f"/offers/?venue={facts.venue}&limit=20", token) for token in tokens[:READERS]]


def history_requests(facts: Facts, tokens: Sequence[str]) -> list[bytes]:
    return [
        http_request("GET", f"/private/{chat}/history/?limit=20", token)
        for chat, token in zip(facts.chats, tokens[:READERS], strict=True)
    ]


def post_requests(facts: Facts, tokens: Sequence[str]) -> list[bytes]:
    """Every reader in turn, each in the next channel."""
    return [
        http_request("POST", "/api/messages/", token, json.dumps({"channel_id": channel, "body": SAID}).encode())
        for token, channel in zip(tokens[:READERS], cycle(facts.channels), strict=False)
    ]


def redeem_requests(facts: Facts, tokens: Sequence[str]) -> Iterator[bytes]:
    """Every customer once, each at the next offer."""
    for token, offer in zip(tokens, cycle(facts.offers), strict=False):
        yield http_request("POST", "/venues/redeem-offer/", token, json.dumps({"offer_id": offer}).encode())


async def check(row: Row) -> None:
    """All three answer alike: with the same items, or the same keys where what is new has an id of its own."""
    answers = {}
    for server in MEASURED:
        answer = json.loads(await ask(server.address, next(row.requests[server.name])))
        items = answer.get("results", answer) if isinstance(answer, dict) else answer
        answers[server.name] = sorted(str(item["id"]) for item in items) if isinstance(items, list) else sorted(items)
    if any(answer != answers[PRODUCT.name] for answer in answers.values()):
        raise SystemExit(f"{row.name}: the servers do not answer alike: {answers}")


@dataclass(frozen=True)
class Turn:
    """One measurement of one server; `cost` is the processor time of a request in seconds."""

    outcome: Outcome
    cost: float


async def print_comparison(row: Row, seconds: float, repeats: int, process_ids: dict[str, int]) -> None:
    turns: dict[str, list[Turn]] = {server.name: [] for server in MEASURED}
    for number in range(repeats + 1):
        for server in MEASURED:
            before = harness.processor_seconds(process_ids[server.name])
            outcome = await measure_once(server, row, seconds, warm_up=number == 0)
            used = harness.processor_seconds(process_ids[server.name]) - before
            if number:
                turns[server.name].append(Turn(outcome, used / outcome.requests))
            await harness.settle()
    rates = {name: median(turn.outcome.rate for turn in seen) for name, seen in turns.items()}
    costs = {name: median(turn.cost for turn in seen) for name, seen in turns.items()}
    harness.print_row(
        row.name,
        ratio_to_base=round(rates[PRODUCT.name] / rates[BASE.name], 2),
        ratio_to_fastapi=round(rates[PRODUCT.name] / rates[FASTAPI.name], 2),
        processor_time_ratio_to_base=round(costs[PRODUCT.name] / costs[BASE.name], 2),
        requests_per_second={name: round(rate, 1) for name, rate in rates.items()},
        processor_ms_per_request={name: round(cost * 1000, 2) for name, cost in costs.items()},
        p50_ms={name: in_ms(turn.outcome.p50 for turn in seen) for name, seen in turns.items()},
        p99_ms={name: in_ms(turn.outcome.p99 for turn in seen) for name, seen in turns.items()},
        at_once=AT_ONCE,
        repeats=repeats,
    )


async def measure_once(server: Server, row: Row, seconds: float, *, warm_up: bool) -> Outcome:
    requests = row.requests[server.name]
    if row.writes:
        note_everybody_seen()
    if warm_up or row.writes:
        outcome = await measure(server.address, take(requests, WARM_UP if warm_up else WRITES))
    else:
        outcome = await measure(server.address, requests, seconds=seconds)
    if not set(outcome.statuses) <= {200, 201}:
        raise SystemExit(f"{row.name}: {server.name} answered {dict(outcome.statuses)}")
    return outcome


def note_everybody_seen() -> None:
    """Who redeems an offer has looked at it within the last minute."""
    with psycopg.connect(PRODUCT_URL) as connection:
        connection.execute("UPDATE accounts_session SET last_seen_at = now()")


async def print_headroom(seconds: float) -> None:
    """What the load generator can do when the server does nothing."""
    outcome = await measure(BARE.address, cycle([http_request("GET", "/", "x" * 400)]), seconds=seconds)
    harness.print_row("headroom", requests_per_second={BARE.name: round(outcome.rate)}, at_once=AT_ONCE)


async def print_connections(facts: Facts) -> None:
    """What the product holds of the database's connections after 300 requests, 32 at once."""
    await measure(PRODUCT.address, take(cycle(list_requests(facts, facts.tokens)), 300))
    harness.print_row(
        "connections", connections=harness.connections_to(PRODUCT_URL), at_most=POOL_SIZE + 2, pool_size=POOL_SIZE
    )


def in_ms(waits: Iterator[float]) -> float:
    return round(median(waits) * 1000, 1)
