"""S3: of ten thousand forged tokens, tickets and var ids each, none opens anything; the genuine ones still do.

python -m tests.faults.forged_keys [--each 10000] [--seed 1] [--quick]
"""

import argparse
import asyncio
import json
import random
import secrets
import string
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

import jwt
import psycopg

from bench.faults.ground import DATABASE_URL, Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Socket
from bench.load import ask, http_request, measure

ALPHABET = string.ascii_letters + string.digits + "-_"
STRAY = "=+/.~%&?#@!:;'\"\\<>{}[]|^` é🍻ıſK\u200b\u202e"
NOT_AUTHENTICATED = 4003
TICKETS_EVERY = 500
SOCKETS_AT_ONCE = 20
NO_LIMITS = {"RATE_LIMITS": "anonymous=1000000/minute,signed_in=1000000/minute"}
QUICK = 300
AT_MOST = {"tokens_accepted": 0, "tickets_accepted": 0, "var_ids_accepted": 0, "genuine_refused": 0, "rows_changed": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.forged_keys")
    parser.add_argument("--each", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} each")
    asked = parser.parse_args()
    each = QUICK if asked.quick else asked.each
    with planted(guests=2) as facts, serving(**NO_LIMITS) as (server,):
        figures = asyncio.run(try_doors(server, facts, each, random.Random(asked.seed)))
    return report_row("S3", figures, AT_MOST, seed=asked.seed)


async def try_doors(server: Process, facts: Facts, each: int, chance: random.Random) -> dict[str, Any]:
    var_id = name_var_id()
    before = what_counts()
    tokens = await statuses_of_tokens(server, islice(forged_tokens(facts.tokens, chance), each))
    var_ids = await statuses_of_var_ids(server, facts.tokens[0], islice(mutations(var_id, chance), each))
    tickets = await codes_of_tickets(server, facts, each, chance)
    changed = sum(one != other for one, other in zip(before, what_counts(), strict=True))
    return {
        "each": each,
        "token_answers": tokens,
        "var_id_answers": var_ids,
        "ticket_codes": tickets,
        "tokens_accepted": sum(tokens.values()) - tokens[401],
        "var_ids_accepted": sum(var_ids.values()) - var_ids[400],
        "tickets_accepted": sum(tickets.values()) - tickets[NOT_AUTHENTICATED],
        "rows_changed": changed,
        "genuine_refused": await refused_of_genuine(server, facts, var_id),
    }


# Tokens


async def statuses_of_tokens(server: Process, tokens: Iterable[str]) -> Counter[int]:
    requests = [http_request("GET", "/customer-tokens/", token) for token in tokens]
    return (await measure(server.address, requests)).statuses


def forged_tokens(genuine: list[str], chance: random.Random) -> Iterator[str]:
    """Changed by hand, and signed again by who does not have the key."""
    by_hand = (token for token in mutations(genuine[0], chance) if token.isascii())
    signed = signed_anew(genuine, chance)
    while True:
        yield from islice(by_hand, 3)
        yield next(signed)


def signed_anew(genuine: list[str], chance: random.Random) -> Iterator[str]:
    """The claims of one or of both, with somebody else's name, a longer life, other algorithms and guessed keys."""
    header, claims = jwt.get_unverified_header(genuine[0]), claims_of(genuine[0])
    others = claims_of(genuine[1])
    changes: list[dict[str, Any]] = [
        {},
        {"user_id": others["user_id"]},
        {"sid": others["sid"]},
        {"exp": claims["exp"] + 10**8},
        {"token_type": "refresh"},
        {"user_id": str(claims["user_id"])},
        others,
    ]
    while True:
        changed = {**claims, **chance.choice(changes), "jti": secrets.token_hex(16)}
        key = chance.choice(["", "secret", "None", header["kid"], genuine[0], secrets.token_hex(32)])
        algorithm = chance.choice(["HS256", "HS384", "HS512", "none"])
        kid = chance.choice([header["kid"], "", "../../dev/null", "' OR 1=1 --", None])
        extra = {} if kid is None else {"kid": kid}
        forged = jwt.encode(changed, None if algorithm == "none" else key.ljust(64), algorithm=algorithm, headers=extra)
        yield forged
        head, body, _ = forged.split(".")
        yield f"{head}.{body}.{genuine[0].rpartition('.')[2]}"


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


# Var ids


def name_var_id() -> str:
    """Another of the venue's, as unguessable as those that rotate."""
    value = secrets.token_urlsafe(9)
    with psycopg.connect(DATABASE_URL) as connection:
        connection.execute(
            "INSERT INTO venues_varid (venue_id, value, valid_from, is_named, is_shown)"
            " SELECT id, %s, now(), true, false FROM venues_venue",
            [value],
        )
    return value


async def statuses_of_var_ids(server: Process, token: str, var_ids: Iterable[str]) -> Counter[int]:
    requests = [
        http_request("POST", "/venues/check-in/", token, json.dumps({"var_id": var_id}).encode()) for var_id in var_ids
    ]
    return (await measure(server.address, requests)).statuses


# Tickets


async def codes_of_tickets(server: Process, facts: Facts, each: int, chance: random.Random) -> Counter[int]:
    """There is always one that would be accepted."""
    codes: Counter[int] = Counter()
    for done in range(0, each, TICKETS_EVERY):
        ticket = await issue_ticket(server, facts.tokens[0])
        forged = list(islice(mutations(ticket, chance), min(TICKETS_EVERY, each - done)))
        for start in range(0, len(forged), SOCKETS_AT_ONCE):
            few = forged[start : start + SOCKETS_AT_ONCE]
            codes.update(await asyncio.gather(*(code_of_ticket(server, facts, each) for each in few)))
    return codes


async def issue_ticket(server: Process, token: str) -> str:
    return json.loads(await ask(server.address, http_request("POST", "/ws-ticket/", token, b"{}")))["ticket"]


async def code_of_ticket(server: Process, facts: Facts, ticket: str) -> int:
    """What a socket with this ticket is closed with; 0 when it stays open."""
    socket = await Socket.open(server.address, f"{facts.group}?ticket={quote(ticket, safe='')}", "")
    try:
        return await asyncio.wait_for(asyncio.shield(socket.closed), 2)
    except TimeoutError:
        socket.abort()
        return 0


# All of them


def mutations(genuine: str, chance: random.Random) -> Iterator[str]:
    """Without end: characters changed, left out, added, swapped, doubled; cut short, turned round, in other letters."""
    while True:
        place, other = sorted(chance.sample(range(len(genuine)), 2))
        one, character = genuine[place], chance.choice(ALPHABET + STRAY)
        for mutation in (
            genuine[:place] + character + genuine[place + 1 :],
            genuine[:place] + genuine[place + 1 :],
            genuine[:place] + character + genuine[place:],
            genuine[:place] + genuine[other] + genuine[place + 1 : other] + one + genuine[other + 1 :],
            genuine[:place] + one.swapcase() + genuine[place + 1 :],
            genuine[:other] + genuine[place:],
            genuine[:other],
            genuine[place:],
            genuine[:place] + chr(ord(one) ^ (1 << chance.randrange(6))) + genuine[place + 1 :],
            genuine[::-1],
            genuine + character,
            character + genuine,
        ):
            if mutation.strip() != genuine and mutation.isprintable():
                yield mutation


def what_counts() -> list[Any]:
    """What an accepted forgery would leave behind."""
    asked = (
        "SELECT count(*), max(last_seen_at) FROM accounts_session",
        "SELECT count(*), max(until) FROM venues_presence",
        "SELECT count(*) FROM venues_scan",
        "SELECT count(*) FROM chat_message",
    )
    with psycopg.connect(DATABASE_URL) as connection:
        # That the one who tries var ids was here is noted once a minute.
        connection.execute("UPDATE accounts_session SET last_seen_at = 'tomorrow'")
        return [connection.execute(question).fetchone() for question in asked]


async def refused_of_genuine(server: Process, facts: Facts, var_id: str) -> int:
    token = await statuses_of_tokens(server, facts.tokens[:1])
    checked_in = await statuses_of_var_ids(server, facts.tokens[0], [var_id])
    ticket = await code_of_ticket(server, facts, await issue_ticket(server, facts.tokens[0]))
    return (token[200] != 1) + (checked_in[200] != 1) + (ticket != 0)


if __name__ == "__main__":
    sys.exit(main())
