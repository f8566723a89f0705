"""Fills the product's database with the people of one workspace and what they said, and prints how to reach them.

    python -m bench.plant_workspace <people> [--messages 500000]

Run with the product's settings. Nothing is planted that a server would not find after ordinary use: users, sessions
with their tokens, a workspace with its members, and, where messages are asked for, fifty channels in which they were
said, every fifth of them private and open to the first of the people only.
"""

import argparse
import json

from django.db import connection, transaction

# Sets Django up, so it stands before what needs it.
from bench.plant import NOW, plant_customers, plant_sessions
from workspaces.models import Channel, ChannelMember, Member, Role, Workspace

CHANNELS = 50
EVERY_PRIVATE = 5
RARE_ONES = 20
# In every message eight words of 5,000; in three of ten `lunch`, in twenty of all `needle`, in the first half of them
# `legacy`, and in every other one of a private channel `secret`.
STATEMENTS = (
    """
    INSERT INTO chat_conversation (kind, channel_id, last_seq, created_at, updated_at)
    SELECT 'channel', id, %(messages)s / %(channels)s, %(now)s, %(now)s FROM workspaces_channel ORDER BY id
    """,
    """
    INSERT INTO chat_message (conversation_id, seq, sender_id, body, in_channel, created_at)
    SELECT conversation.id, 1 + n / %(channels)s, %(first_person)s + n %% 7 %% %(people)s, concat_ws(' ',
               CASE WHEN hashint4(n) & 1023 < 307 THEN 'lunch' END,
               CASE WHEN n %% (%(messages)s / %(rare)s) = 1 THEN 'needle' END,
               CASE WHEN n < %(messages)s / 2 THEN 'legacy' END,
               CASE WHEN channel.is_private AND n / %(channels)s %% 2 = 0 THEN 'secret' END,
               (SELECT string_agg('word' || (hashint4(n * 8 + place) & 1048575) %% 5000, ' ')
                FROM generate_series(1, 8) AS place)),
           true, %(now)s::timestamptz - (%(messages)s - n) * interval '10 seconds'
    FROM generate_series(0, %(messages)s - 1) AS n
    JOIN workspaces_channel AS channel ON channel.id = %(first_channel)s + n %% %(channels)s
    JOIN chat_conversation AS conversation ON conversation.channel_id = channel.id
    ORDER BY n
    """,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plant_workspace")
    parser.add_argument("people", type=int)
    parser.add_argument("--messages", type=int, default=0)
    asked = parser.parse_args()
    users = plant_customers(asked.people)
    workspace = Workspace.objects.create(name="The Bench", created_by=users[0])
    Member.objects.bulk_create(
        Member(workspace=workspace, user=user, role=Role.MEMBER if number else Role.OWNER)
        for number, user in enumerate(users)
    )
    channels = plant_talk(workspace, asked.messages, asked.people) if asked.messages else []
    facts = {
        "workspace": workspace.pk,
        "channels": [channel.pk for channel in channels],
        "tokens": plant_sessions(users),
        "emails": [user.email for user in users],
    }
    print(json.dumps(facts))


def plant_talk(workspace: Workspace, messages: int, people: int) -> list[Channel]:
    """Its channels. Foreign keys are not looked at row by row: they are right, and it would take far longer."""
    founder = workspace.created_by
    assert founder is not None
    channels = Channel.objects.bulk_create(
        Channel(workspace=workspace, name=f"channel{n}", created_by=founder, is_private=n % EVERY_PRIVATE == 0)
        for n in range(CHANNELS)
    )
    ChannelMember.objects.bulk_create(
        ChannelMember(channel=channel, user=founder) for channel in channels if channel.is_private
    )
    places = {
        "messages": messages,
        "channels": CHANNELS,
        "rare": RARE_ONES,
        "people": people,
        "first_person": founder.pk,
        "first_channel": channels[0].pk,
        "now": NOW,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in STATEMENTS:
            cursor.execute(statement, places)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return channels


if __name__ == "__main__":
    main()
