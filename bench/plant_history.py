"""Fills an empty, migrated PostgreSQL with years of a platform's life, and prints how to look at it.

    python -m bench.plant_history [--messages 5000000] [--scans 1000000] [--redemptions 200000] [--venues 500]
                                  [--customers 20000] [--months 12]

Run with the product's settings. Rows are made where they are stored: five million messages, half of them in the venues'
groups and half in private chats of fifty, take a minute or two. They lie in their table in the order of time, as if one
had been said after the other. The same sizes give the same rows, but for the clock.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

import django
from django.db import connection, transaction

django.setup()

from accounts.models import User, UserType  # noqa: E402
from bench.harness import SEED  # noqa: E402
from bench.plant import NOW, plant_customers, plant_sessions  # noqa: E402
from venues.models import VarId, Venue  # noqa: E402

CHAT_LENGTH = 50
VENUES_OF_AN_OWNER = 5
# The last venues, as far as there are more, are one owner's: as many as an owner's page shows.
VENUES_OF_THE_CHAIN = 200
OFFERS_OF_A_VENUE = 12
WHERE = 2
ASKED = 40


def moment(part: str) -> str:
    """When that part of the time was over."""
    return f"(%(now)s::timestamptz - %(days)s * interval '1 day' * (1 - ({part})))"


SOMEBODY = "%(first_customer)s + floor(random() * %(customers)s)::bigint"
CERTAINTY = "(ARRAY['claimed', 'qr', 'qr_geo'])[1 + floor(random() * 3)::int]"
WORDS = "(ARRAY['Anyone up for the quiz?', 'Is the garden open?', 'See you next week.', 'Try the pie, seriously.'])"
STATEMENTS = (
    f"""
    UPDATE accounts_user SET date_joined = {moment("(id - %(first_customer)s)::float / %(customers)s")}
    WHERE id >= %(first_customer)s
    """,
    f"UPDATE venues_venue SET created_at = {moment('(id - %(first_venue)s)::float / %(venues)s')}",
    f"""
    INSERT INTO chat_conversation (kind, venue_id, last_seq, created_at, updated_at)
    SELECT 'group', id, %(group_length)s, {moment("0")}, %(now)s FROM venues_venue ORDER BY id
    """,
    # Everybody has a chat with the next, then everybody with the next but one.
    f"""
    INSERT INTO chat_conversation (kind, pair, last_seq, created_at, updated_at)
    SELECT 'private', one || '-' || one + 1 + n / %(askers)s, {CHAT_LENGTH}, opened_at, opened_at + interval '1 hour'
    FROM generate_series(0, %(chats)s - 1) AS n,
         LATERAL (SELECT %(first_customer)s + n %% %(askers)s AS one,
                         {moment("n::float / %(chats)s")} - interval '1 hour' AS opened_at) AS chat
    ORDER BY n
    """,
    """
    INSERT INTO chat_participant (conversation_id, user_id, last_read_seq, joined_at)
    SELECT id, unnest(string_to_array(pair, '-'))::bigint, last_seq, created_at
    FROM chat_conversation WHERE kind = 'private'
    """,
    f"""
    INSERT INTO chat_message (conversation_id, seq, sender_id, body, created_at)
    SELECT conversation_id, seq, sender_id, {WORDS}[1 + floor(random() * 4)::int], said_at FROM (
        SELECT id AS conversation_id, seq, {SOMEBODY} AS sender_id, {moment("(seq - random()) / last_seq")} AS said_at
        FROM chat_conversation, generate_series(1, last_seq) AS seq WHERE kind = 'group'
        UNION ALL
        SELECT id, seq, split_part(pair, '-', 1 + (seq %% 2)::int)::bigint, created_at + seq * interval '1 minute'
        FROM chat_conversation, generate_series(1, last_seq) AS seq WHERE kind = 'private'
    ) AS said ORDER BY said_at
    """,
    f"""
    INSERT INTO venues_scan (venue_id, var_id_id, user_id, certainty, scanned_at)
    SELECT venue_id, venues_varid.id, {SOMEBODY}, 'qr', {moment("n::float / %(scans)s")}
    FROM (SELECT n, %(first_venue)s + n %% %(venues)s AS venue_id FROM generate_series(1, %(scans)s) AS n) AS scan
    JOIN venues_varid USING (venue_id) ORDER BY n
    """,
    """
    INSERT INTO venues_visit (venue_id, user_id, certainty, started_at)
    SELECT venue_id, user_id, certainty, scanned_at FROM venues_scan ORDER BY scanned_at
    """,
    """
    INSERT INTO venues_presence (user_id, venue_id, certainty, since, until)
    SELECT id, %(first_venue)s + id %% %(venues)s, 'qr', %(now)s, %(now)s::timestamptz + interval '6 hours'
    FROM accounts_user WHERE id >= %(first_customer)s
    """,
    f"""
    INSERT INTO offers_offer (id, venue_id, title, description, terms, starts_at, expires_at, per_customer_limit,
                              eligible_memberships, presence_required, redeemed_count, created_at)
    SELECT gen_random_uuid(), venue.id, 'Offer ' || n, '', '', starts_at, starts_at + interval '60 days', 1000,
           '[]', 'claimed', 0, starts_at
    FROM venues_venue AS venue, generate_series(0, {OFFERS_OF_A_VENUE - 1}) AS n,
         LATERAL (SELECT {moment(f"n::float / {OFFERS_OF_A_VENUE}")} AS starts_at) AS time
    """,
    f"""
    INSERT INTO offers_redemption (id, offer_id, venue_id, customer_id, ordinal, code, certainty, redeemed_at)
    SELECT gen_random_uuid(), offer_id, venue_id, customer_id,
           row_number() OVER (PARTITION BY offer_id, customer_id ORDER BY redeemed_at),
           upper(to_hex(n)), {CERTAINTY}, redeemed_at
    FROM (
        SELECT n, offer.id AS offer_id, offer.venue_id, {SOMEBODY} AS customer_id,
               {moment("n::float / %(redemptions)s")} AS redeemed_at
        FROM generate_series(1, %(redemptions)s) AS n JOIN (
            SELECT id, venue_id, rank() OVER (PARTITION BY venue_id ORDER BY starts_at) - 1 AS place FROM offers_offer
        ) AS offer ON offer.venue_id = %(first_venue)s + n %% %(venues)s
                  AND offer.place = (n - 1) * {OFFERS_OF_A_VENUE} / %(redemptions)s
    ) AS redemption ORDER BY redeemed_at
    """,
    """
    UPDATE offers_offer SET redeemed_count = counted.redemptions
    FROM (SELECT offer_id, count(*) AS redemptions FROM offers_redemption GROUP BY offer_id) AS counted
    WHERE offer_id = id
    """,
)
FIRST_CHATS = """
    SELECT min(conversation_id) FROM chat_participant WHERE user_id = ANY(%s) GROUP BY user_id ORDER BY user_id
"""


def main() -> None:
    sizes = arguments()
    customers = plant_customers(sizes["customers"])
    venues = plant_venues(sizes["venues"])
    places = {
        **sizes,
        "now": NOW,
        "days": sizes["months"] * 365 // 12,
        "first_customer": customers[0].pk,
        "first_venue": venues[0].pk,
        "group_length": sizes["messages"] // 2 // sizes["venues"],
        "chats": sizes["messages"] // 2 // CHAT_LENGTH,
        "askers": sizes["customers"] - sizes["messages"] // 2 // CHAT_LENGTH // sizes["customers"] - 1,
    }
    fill(places)
    print(json.dumps({**facts(venues[WHERE], customers), "chain": venues[-1].pk}))


def arguments() -> dict[str, int]:
    sizes = {
        "messages": 5_000_000,
        "scans": 1_000_000,
        "redemptions": 200_000,
        "venues": 500,
        "customers": 20_000,
        "months": 12,
    }
    parser = argparse.ArgumentParser(prog="python -m bench.plant_history")
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    return vars(parser.parse_args())


def plant_venues(count: int) -> list[Venue]:
    """Each with an owner and the var id its guests scan."""
    others = max(count - VENUES_OF_THE_CHAIN, VENUES_OF_AN_OWNER)
    owners = User.objects.bulk_create(
        User(username=f"owner{n}", email=f"owner{n}@example.com", password="!", user_type_id=UserType.VENUE_OWNER)
        for n in range(-(-others // VENUES_OF_AN_OWNER) + 1)
    )
    venues = Venue.objects.bulk_create(
        Venue(name=f"Venue {n}", owner=owners[min(n, others) // VENUES_OF_AN_OWNER]) for n in range(count)
    )
    VarId.objects.bulk_create(VarId(venue=at, value=f"code{at.pk}", valid_from=NOW, is_named=True) for at in venues)
    return venues


def fill(places: Mapping[str, Any]) -> None:
    """Foreign keys are not looked at row by row: they are right, and it would take longer than all the rest."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '512MB'")
        cursor.execute("SELECT setseed(%s)", [SEED / 100])
        for statement in STATEMENTS:
            cursor.execute(statement, places)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def facts(venue: Venue, customers: list[User]) -> dict[str, Any]:
    """A venue and its owner, a superuser, and customers with the first chat of each."""
    superuser = User.objects.create(
        username="root", email="root@example.com", is_superuser=True, is_staff=True, user_type_id=UserType.SUPERUSER
    )
    assert venue.owner is not None
    asked = customers[:ASKED]
    with connection.cursor() as cursor:
        cursor.execute(FIRST_CHATS, [[user.pk for user in asked]])
        chats = [chat for (chat,) in cursor.fetchall()]
    owner_token, superuser_token, *tokens = plant_sessions([venue.owner, superuser, *asked])
    return {
        "venue": venue.pk,
        "var_id": f"code{venue.pk}",
        "owner": owner_token,
        "superuser": superuser_token,
        "customers": tokens,
        "chats": chats,
    }


if __name__ == "__main__":
    main()
