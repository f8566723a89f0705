"""Fills the product's database with customers in one venue's group and in private chats, and prints how to reach them.

Run by `bench.chat` as `python -m bench.plant_chat <sockets> <senders>` with the product's settings. Nothing is planted
that a server would not find after ordinary use: users, sessions with their tokens, presences, conversations.
"""

import json
import sys

# Sets Django up, so it stands first.
from bench.plant import NOW, plant_customers, plant_presences, plant_sessions
from chat.models import Conversation, Participant
from venues.models import VarId, Venue

VAR_ID = "bench"


def main(sockets: int, senders: int) -> None:
    venue = Venue.objects.create(name="The Bench")
    VarId.objects.create(venue=venue, value=VAR_ID, valid_from=NOW, is_named=True)
    customers = plant_customers(max(sockets, 2 * senders))
    plant_presences(customers, venue)
    pairs = list(zip(customers[:senders], customers[senders : 2 * senders], strict=True))
    chats = Conversation.objects.bulk_create(
        Conversation(kind="private", pair=f"{one.pk}-{other.pk}", updated_at=NOW) for one, other in pairs
    )
    Participant.objects.bulk_create(
        Participant(conversation=chat, user=user) for chat, pair in zip(chats, pairs, strict=True) for user in pair
    )
    facts = {"var_id": VAR_ID, "tokens": plant_sessions(customers), "chats": [chat.pk for chat in chats]}
    print(json.dumps(facts))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
