"""Twelve months of visits, scans, offers, redemptions and talk, so that dashboards have something to show.

The rows are planted with past dates, which no service would do: this is the one place that writes other apps' models.
"""

import random
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import User
from chat.models import Conversation, Message, Participant
from chat.services.conversations import ensure_group
from offers.models import Offer, Redemption
from venues.models import Certainty, Scan, VarId, Venue, Visit

DAYS = 365
CURRENT_OFFERS: tuple[dict[str, Any], ...] = (
    {"title": "First drink on us", "description": "One drink of your choice.", "total_quota": 10_000},
    {"title": "Two for one on Tuesdays", "terms": "Food only.", "per_customer_limit": 10},
)
SMALL_TALK = (
    "Anyone up for the quiz tonight?",
    "That last song was brilliant.",
    "Is the garden open?",
    "Table by the window is free.",
    "Try the pie, seriously.",
    "Who is playing on Friday?",
    "Happy birthday to the barman!",
    "See you all next week.",
)


def plant_history(venues: list[Venue], guests: list[User], now: datetime, chance: random.Random) -> None:
    for venue in venues:
        var_id = VarId.objects.create(
            venue=venue,
            value=secrets.token_urlsafe(12),
            valid_from=now - timedelta(days=DAYS),
            valid_until=now - timedelta(days=1),
        )
        moments = _moments(venue, guests, now, chance)
        _plant_visits(venue, var_id, moments)
        _plant_offers(venue, guests, now, chance)
        _plant_talk(venue, moments, chance)


def plant_current_offers(venues: list[Venue], now: datetime) -> None:
    """What can be had now: two offers at each venue, with ids that the API's examples can name."""
    Offer.objects.bulk_create(
        Offer(
            id=UUID(f"0ffe0000-0000-4000-8000-{venue.pk:08}{number:04}"),
            venue=venue,
            starts_at=now - timedelta(days=1),
            expires_at=now + timedelta(days=365),
            **offer,
        )
        for venue in venues
        for number, offer in enumerate(CURRENT_OFFERS, start=1)
    )


def plant_private_chat(asking: User, asked: User, now: datetime) -> None:
    """Chat 1 with the messages 1 and 2, the second said just now and so still to be edited."""
    pair = "-".join(str(user_id) for user_id in sorted((asking.pk, asked.pk)))
    chat = Conversation.objects.create(id=1, kind=Conversation.Kind.PRIVATE, pair=pair, last_seq=2, updated_at=now)
    Participant.objects.bulk_create(Participant(conversation=chat, user=user) for user in (asking, asked))
    said = ((asked, "Darts on Thursday?", now - timedelta(minutes=5)), (asking, "Anyone for darts at eight?", now))
    Message.objects.bulk_create(
        Message(id=seq, conversation=chat, seq=seq, sender=sender, body=body, created_at=at)
        for seq, (sender, body, at) in enumerate(said, start=1)
    )


def _moments(venue: Venue, guests: list[User], now: datetime, chance: random.Random) -> list[tuple[datetime, User]]:
    """When which guest came, busier in the evening and at the weekend, oldest first; never before they joined."""
    moments = []
    for days_ago in range(DAYS, 0, -1):
        midnight = (now - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(chance.randint(2, 5 if midnight.weekday() < 4 else 9)):
            guest = chance.choice(guests)
            at = midnight + timedelta(hours=chance.triangular(11, 23.5, 20))
            if guest.date_joined < at:
                moments.append((at, guest))
    return sorted(moments, key=lambda moment: moment[0])


def _plant_visits(venue: Venue, var_id: VarId, moments: list[tuple[datetime, User]]) -> None:
    Scan.objects.bulk_create(
        Scan(venue=venue, var_id=var_id, user=guest, certainty=Certainty.QR, scanned_at=at) for at, guest in moments
    )
    Visit.objects.bulk_create(
        Visit(venue=venue, user=guest, certainty=Certainty.QR, started_at=at) for at, guest in moments
    )


def _plant_offers(venue: Venue, guests: list[User], now: datetime, chance: random.Random) -> None:
    """One offer for each of the past twelve months, redeemed by some of those who had joined by then."""
    for months_ago in range(12, 0, -1):
        starts_at = now - timedelta(days=30 * months_ago)
        had_it = [guest for guest in guests if guest.date_joined < starts_at and chance.random() < 0.4]
        offer = Offer.objects.create(
            venue=venue,
            title=f"Offer of {starts_at:%B}",
            starts_at=starts_at,
            expires_at=starts_at + timedelta(days=29),
            redeemed_count=len(had_it),
        )
        Offer.objects.filter(pk=offer.pk).update(created_at=starts_at)
        Redemption.objects.bulk_create(
            Redemption(
                offer=offer,
                venue=venue,
                customer=guest,
                ordinal=1,
                code=secrets.token_hex(6).upper(),
                certainty=Certainty.QR,
                redeemed_at=starts_at + timedelta(days=chance.uniform(0, 28)),
            )
            for guest in had_it
        )


def _plant_talk(venue: Venue, moments: list[tuple[datetime, User]], chance: random.Random) -> None:
    group = ensure_group(venue)
    said = [(at, guest) for at, guest in moments if chance.random() < 0.4]
    Message.objects.bulk_create(
        Message(
            conversation=group,
            seq=seq,
            sender=guest,
            body=chance.choice(SMALL_TALK),
            created_at=at + timedelta(minutes=20),
        )
        for seq, (at, guest) in enumerate(said, start=1)
    )
    Conversation.objects.filter(pk=group.pk).update(last_seq=len(said))
