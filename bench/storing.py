"""What storing costs without sockets: the product's service, and a bare psycopg multi-row insert of the same rows.

Run by `bench.chat` as `python -m bench.storing <repeats> <batch>...` with the product's settings, on the server's core.
Prints for each batch size the medians of rows stored a second, each batch in a transaction of its own.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from statistics import median

import django
import psycopg
from django.conf import settings
from django.utils import timezone

django.setup()

from accounts.models import User  # noqa: E402
from chat.models import Conversation, Message  # noqa: E402
from chat.services.posting import NewMessage, Posted, post_messages  # noqa: E402

SECONDS = 0.7
BODY = "x" * 40
COLUMNS = ("conversation_id", "seq", "sender_id", "client_id", "body", "created_at")
# Out of the way of what the service numbers, however often this is run.
FAR = time.time_ns()

numbers = count(1)


def main(repeats: int, batches: Sequence[int]) -> None:
    places = [(chat.pk, User(pk=int(chat.pair.split("-")[0]))) for chat in private_chats(max(batches))]
    users = User.objects.in_bulk(user.pk for _, user in places)
    places = [(chat, users[user.pk]) for chat, user in places]
    with psycopg.connect(address()) as connection:
        for batch in batches:
            seen: dict[str, list[float]] = {"service": [], "bare": []}
            for _ in range(repeats):
                seen["service"].append(rate(lambda batch=batch: store(places[:batch]), batch))
                seen["bare"].append(rate(lambda batch=batch: insert(connection, places[:batch]), batch))
            print(json.dumps({"batch": batch, **{name: round(median(rates)) for name, rates in seen.items()}}))


def private_chats(at_most: int) -> list[Conversation]:
    return list(Conversation.objects.filter(kind="private").order_by("pk")[:at_most])


def address() -> str:
    at = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=at["USER"], password=at["PASSWORD"] or None
    )


def rate(store_once: Callable[[], None], batch: int) -> float:
    store_once()
    started, stored = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < SECONDS:
        store_once()
        stored += batch
    return stored / elapsed


def store(places: Sequence[tuple[int, User]]) -> None:
    outcomes = post_messages([NewMessage(chat, user, BODY, f"bench-{next(numbers)}") for chat, user in places])
    if not all(isinstance(outcome, Posted) for outcome in outcomes):
        raise SystemExit(f"refused: {outcomes}")


def insert(connection: psycopg.Connection, places: Sequence[tuple[int, User]]) -> None:
    now, table = timezone.now(), Message._meta.db_table
    rows = [(chat, FAR + (n := next(numbers)), user.pk, f"bench-{n}", BODY, now) for chat, user in places]
    values = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES {values}", [value for row in rows for value in row]
    )
    connection.commit()


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(batch) for batch in sys.argv[2:]])
