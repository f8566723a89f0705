"""Fills the product's database with the rows every build is measured on, and prints what a client needs to know.

Run by `bench.rest` as `python -m bench.plant <customers>` with the product's settings.
"""

import json
import random
import sys
from datetime import timedelta

import django
from django.utils import timezone

django.setup()

from accounts.models import CustomerProfile, Session, User, UserType  # noqa: E402
from accounts.tokens import hash_token_id, new_token_id, token_pair  # noqa: E402
from bench.harness import SEED  # noqa: E402
from chat.models import Conversation, Message, Participant, Reaction  # noqa: E402
from offers.models import Offer  # noqa: E402
from venues.models import Certainty, Presence, Venue  # noqa: E402
from workspaces.models import Channel, Member, Workspace  # noqa: E402

VENUES = 4
WHERE = 3
OFFERS = 200
READERS = 320
MESSAGES = 60
CHANNELS = 8
WORDS = ("quiz", "starts", "at", "nine", "and", "whoever", "is", "late", "buys", "a", "round", "in", "the", "garden")

NOW = timezone.now()
AN_HOUR = timedelta(hours=1)


def main(customer_count: int) -> None:
    chance = random.Random(SEED)
    owner = User.objects.create(username="owner", email="owner@example.com", user_type_id=UserType.VENUE_OWNER)
    venues = Venue.objects.bulk_create(Venue(name=f"Venue {number}", owner=owner) for number in range(1, VENUES + 1))
    customers = plant_customers(customer_count)
    plant_presences(customers, venues[WHERE - 1])
    offers = plant_offers(venues, chance)
    chats = plant_chats(customers[:READERS], chance)
    channels = plant_channels(customers[:READERS])
    facts = {
        "venue": venues[WHERE - 1].pk,
        "users": [customer.pk for customer in customers],
        "tokens": plant_sessions(customers),
        "offers": [str(offer.pk) for offer in offers if offer.venue_id == venues[WHERE - 1].pk],
        "chats": chats,
        "channels": channels,
    }
    print(json.dumps(facts))


def plant_customers(count: int) -> list[User]:
    customers = User.objects.bulk_create(
        User(username=f"guest{n}", email=f"guest{n}@example.com", password="!", user_type_id=UserType.CUSTOMER)
        for n in range(count)
    )
    CustomerProfile.objects.bulk_create(CustomerProfile(user=user, name=user.username) for user in customers)
    return customers


def plant_sessions(customers: list[User]) -> list[str]:
    """Everybody was last seen an hour ago, so that each one's first request also notes that they were."""
    tokens, sessions = [], []
    for user in customers:
        refresh_id = new_token_id()
        session = Session(
            user=user,
            surface="pub",
            last_seen_at=NOW - AN_HOUR,
            expires_at=NOW + timedelta(days=7),
            access_lifetime=AN_HOUR,
            refresh_lifetime=timedelta(days=7),
            refresh_hash=hash_token_id(refresh_id),
            refreshed_at=NOW,
        )
        sessions.append(session)
        tokens.append(token_pair(session, refresh_id, NOW).access)
    Session.objects.bulk_create(sessions)
    return tokens


def plant_presences(customers: list[User], venue: Venue) -> None:
    Presence.objects.bulk_create(
        Presence(user=user, venue=venue, certainty=Certainty.CLAIMED, since=NOW, until=NOW + timedelta(hours=6))
        for user in customers
    )


def plant_offers(venues: list[Venue], chance: random.Random) -> list[Offer]:
    return Offer.objects.bulk_create(
        Offer(
            venue=venue,
            title=f"Offer {number}",
            description=sentence(chance, 20),
            terms=sentence(chance, 10),
            starts_at=NOW - timedelta(days=1),
            expires_at=NOW + timedelta(days=30),
            total_quota=10_000,
            budget=chance.randrange(100, 1000),
        )
        for venue in venues
        for number in range(OFFERS)
    )


def plant_chats(readers: list[User], chance: random.Random) -> list[int]:
    """Each two readers talk to each other. Returns each reader's chat."""
    pairs = list(zip(readers[::2], readers[1::2], strict=True))
    chats = Conversation.objects.bulk_create(
        Conversation(kind="private", pair=f"{one.pk}-{other.pk}", last_seq=MESSAGES, updated_at=NOW)
        for one, other in pairs
    )
    talk = list(zip(chats, pairs, strict=True))
    Participant.objects.bulk_create(Participant(conversation=chat, user=user) for chat, pair in talk for user in pair)
    messages = Message.objects.bulk_create(
        Message(
            conversation=chat,
            seq=seq,
            sender=chance.choice(pair),
            body=sentence(chance, 12),
            created_at=NOW - timedelta(minutes=MESSAGES - seq),
        )
        for chat, pair in talk
        for seq in range(1, MESSAGES + 1)
    )
    Reaction.objects.bulk_create(
        Reaction(message=message, user_id=message.sender_id, emoji="🎯") for message in messages[:: MESSAGES // 6]
    )
    return [chat.pk for chat, pair in talk for _ in pair]


def plant_channels(people: list[User]) -> list[int]:
    """Public ones of a workspace that all of them are in, nothing said yet."""
    workspace = Workspace.objects.create(name="Engineering", created_by=people[0])
    Member.objects.bulk_create(Member(workspace=workspace, user=user) for user in people)
    channels = Channel.objects.bulk_create(
        Channel(workspace=workspace, name=f"channel-{number}", created_by=people[0]) for number in range(CHANNELS)
    )
    Conversation.objects.bulk_create(Conversation(kind="channel", channel=at, updated_at=NOW) for at in channels)
    return [channel.pk for channel in channels]


def sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


if __name__ == "__main__":
    main(int(sys.argv[1]))
