"""The people and places of the demo data, as the client documents name them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import CustomerProfile, User, UserType
from venues.models import OpeningHours, Venue
from venues.services.var_ids import name_var_id

PASSWORD = "abcd@123"  # noqa: S105 - published on purpose; demo data loads in DEBUG only
GUESTS = 40


@dataclass(frozen=True)
class DemoVenue:
    id: int
    name: str
    kind: str
    address: str
    latitude: float
    longitude: float
    time_zone: str
    var_id: str


VENUES = (
    DemoVenue(1, "The Crooked Billet", Venue.Kind.PUB, "47 Wish Street, London", 51.5136, -0.0983, "Europe/London", ""),
    DemoVenue(2, "Bar Zero", Venue.Kind.BAR, "9 Rue Oberkampf, Paris", 48.8649, 2.3700, "Europe/Paris", ""),
    DemoVenue(3, "The Anchor", Venue.Kind.PUB, "34 Park Street, London", 51.5074, -0.0938, "Europe/London", "v1"),
    DemoVenue(
        4,
        "Luna Rossa",
        Venue.Kind.RESTAURANT,
        "190 Kensington Park Road, London",
        51.5152,
        -0.2058,
        "Europe/London",
        "v2",
    ),
)

CUSTOMERS = (
    ("c1", "Chloe", "Ward", "female", "Quiz nights and old vinyl", ["Music", "Quizzes"]),
    ("c2", "Callum", "Reid", "male", "Always up for darts", ["Darts", "Football"]),
    ("c3", "Cora", "Lin", "female", "Here for the food", ["Food", "Travel"]),
    ("c4", "Conor", "Daly", "male", "Stout enthusiast", ["Beer", "Rugby"]),
    ("c5", "Cleo", "Marsh", "other", "New in town", ["Art", "Film"]),
)


def make_customers() -> list[User]:
    """c1 … c5, with the ids 1 to 5: a document's `PATCH /customers/1/` is c1's own."""
    return [
        _make_customer(User(id=number, username=name, first_name=first, last_name=last, gender=gender), line, interests)
        for number, (name, first, last, gender, line, interests) in enumerate(CUSTOMERS, start=1)
    ]


def _make_customer(user: User, one_line_desc: str, interests: list[str]) -> User:
    user.email, user.user_type_id = f"{user.username}@example.com", UserType.CUSTOMER
    user.email_proved_at = timezone.now()
    user.set_password(PASSWORD)
    user.save(force_insert=True)
    CustomerProfile.objects.create(
        user=user, name=user.first_name, one_line_desc=one_line_desc, interests=interests, is_verified=True
    )
    return user


def make_staff() -> User:
    """The superuser admin, support1, vendor1 and the venue owner owner1, who is returned."""
    User.objects.create_superuser("admin", "admin@example.com", "admin")
    for username, user_type in (("support1", UserType.SUPPORT), ("vendor1", UserType.VENDOR)):
        User.objects.create_user(username, f"{username}@example.com", PASSWORD, user_type_id=user_type)
    return User.objects.create_user(
        "owner1",
        "owner1@example.com",
        PASSWORD,
        user_type_id=UserType.VENUE_OWNER,
        first_name="Olive",
        last_name="Hart",
    )


def make_guests(now: datetime, chance: random.Random) -> list[User]:
    """People who joined over the last twelve months and cannot sign in; they only fill the dashboards."""
    guests = [
        User(
            username=f"guest{number:02}",
            email=f"guest{number:02}@example.com",
            first_name=f"Guest {number}",
            password="!",  # noqa: S106 - Django's mark of an unusable password
            user_type_id=UserType.CUSTOMER,
            date_joined=now - timedelta(days=chance.randint(20, 364)),
        )
        for number in range(1, GUESTS + 1)
    ]
    guests = User.objects.bulk_create(guests)
    CustomerProfile.objects.bulk_create([CustomerProfile(user=guest, name=guest.first_name) for guest in guests])
    for guest in guests:
        CustomerProfile.objects.filter(user=guest).update(doj=guest.date_joined)
    return guests


def make_venues(owner: User, now: datetime) -> list[Venue]:
    """Venues 1 to 4, all of owner1, open every day; 3 has the var id `v1` and 4 has `v2`."""
    venues = []
    for demo in VENUES:
        venue = Venue.objects.create(
            id=demo.id,
            name=demo.name,
            kind=demo.kind,
            owner=owner,
            address=demo.address,
            latitude=demo.latitude,
            longitude=demo.longitude,
            time_zone=demo.time_zone,
            contact_name="Olive Hart",
            contact_email="owner1@example.com",
        )
        Venue.objects.filter(pk=venue.pk).update(created_at=now - timedelta(days=440 - 60 * demo.id))
        hours = [OpeningHours(venue=venue, day=day, opens="11:00", closes="23:30") for day in range(7)]
        OpeningHours.objects.bulk_create(hours)
        if demo.var_id:
            name_var_id(venue=venue, value=demo.var_id)
        venues.append(venue)
    return venues
