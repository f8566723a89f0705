"""Rows of a platform's past, planted as plainly as can be, and counted again the plainest way."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from accounts.models import CustomerProfile, User, UserType
from billing.models import Payment, Plan, Refund, Subscriber, Subscription
from chat.models import Conversation, Message
from offers.models import Offer, Redemption
from venues.models import Certainty, Scan, VarId, Venue, Visit

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class History:
    """`plant_…(at)` adds one row of its kind as of that moment; there is always a venue, a guest and a subscription."""

    def __init__(self):
        self.venues, self.guests = [], []
        self.customer(LONG_AGO), self.customer(LONG_AGO)
        self.plans = [
            Plan.objects.create(slug=name.lower(), name=name, price="20.00", currency="GBP", period="month")
            for name in ("Basic", "Premium")
        ]
        self.venue(LONG_AGO), self.venue(LONG_AGO)
        self.subscription(LONG_AGO)

    def customer(self, at, which=0):
        name = f"guest{len(self.guests)}"
        guest = User.objects.create(
            username=name, email=f"{name}@example.com", user_type_id=UserType.CUSTOMER, date_joined=at
        )
        CustomerProfile.objects.create(user=guest, name=name)
        self.guests.append(guest)

    def venue(self, at, which=0):
        venue = Venue.objects.create(name=f"=Venue {len(self.venues)}")
        Venue.objects.filter(pk=venue.pk).update(created_at=at)
        venue.var_id = VarId.objects.create(venue=venue, value=f"v{venue.pk}", valid_from=at, is_named=True)
        venue.group = Conversation.objects.create(kind="group", venue=venue, updated_at=at)
        venue.offer = Offer.objects.create(
            venue=venue, title="Pint", starts_at=LONG_AGO, expires_at=timezone.now() + timedelta(days=999)
        )
        self.venues.append(venue)

    def subscription(self, at, which=0):
        """The venue's own; a venue that has one cancels it for the next."""
        venue = self.venues[which % len(self.venues)]
        if venue.subscriber is None:
            venue.subscriber = Subscriber.objects.create(name=venue.name)
            venue.save(update_fields=["subscriber"])
        venue.subscriber.subscriptions.exclude(status="cancelled").update(status="cancelled", cancelled_at=at)
        Subscription.objects.create(
            subscriber=venue.subscriber,
            plan=self.plans[which % 2],
            status="active",
            starts_at=at,
            current_period_ends_at=at + timedelta(days=30),
        )

    def payment(self, at, which=0):
        subscription = Subscription.objects.order_by("pk")[which % Subscription.objects.count()]
        Payment.objects.create(
            subscription=subscription,
            plan=subscription.plan,
            amount=Decimal("0.10") + which,
            currency="EUR" if which % 5 == 4 else "GBP",
            paid_at=at,
        )

    def refund(self, at, which=0):
        payment = pick(Payment.objects.filter(refunded=0), which)
        if payment is not None:
            payment.refunded = Decimal("0.07")
            payment.save(update_fields=["refunded"])
            Refund.objects.create(payment=payment, amount="0.07", refunded_at=at)

    def chat(self, at, which=0):
        chat = Conversation.objects.create(kind="private", pair=f"{uuid.uuid4().int % 10**12}-0", updated_at=at)
        Conversation.objects.filter(pk=chat.pk).update(created_at=at)
        self.say(chat, at)

    def message(self, at, which=0):
        self.say(self.venues[which % len(self.venues)].group, at)

    def say(self, conversation, at):
        seq = Message.objects.filter(conversation=conversation).count() + 1
        sender = self.guests[seq % len(self.guests)]
        Message.objects.create(conversation=conversation, seq=seq, sender=sender, body="Hi", created_at=at)

    def scan(self, at, which=0):
        venue, guest = self.venues[which % len(self.venues)], self.guests[which % len(self.guests)]
        Scan.objects.create(venue=venue, var_id=venue.var_id, user=guest, certainty=Certainty.QR, scanned_at=at)
        Visit.objects.create(venue=venue, user=guest, certainty=Certainty.QR, started_at=at)

    def redemption(self, at, which=0):
        venue, guest = self.venues[which % len(self.venues)], self.guests[which % len(self.guests)]
        Redemption.objects.create(
            offer=venue.offer,
            venue=venue,
            customer=guest,
            ordinal=Redemption.objects.count() + 1,
            code=uuid.uuid4().hex[:12],
            certainty=Certainty.QR,
            redeemed_at=at,
        )


KINDS = (
    "customer",
    "venue",
    "subscription",
    "payment",
    "refund",
    "chat",
    "message",
    "scan",
    "redemption",
)


def pick(rows, which):
    """One of these rows, if there are any."""
    found = list(rows.order_by("pk"))
    return found[which % len(found)] if found else None


def month(moment):
    return moment.astimezone(UTC).strftime("%Y-%m")


def recount(currency="GBP"):
    """Every figure by (month, kind, id, metric), in Python, from every row there is."""
    found = Counter()
    for at, metric, value, of in (*_things(), *_moneys(currency)):
        for kind, id_ in {"platform": 0, **of}.items():
            if id_ is not None:
                found[month(at), kind, id_, metric] += value
    return found


def _things():
    yield from ((user.date_joined, "customers", 1, {}) for user in User.objects.filter(user_type=UserType.CUSTOMER))
    yield from ((venue.created_at, "venues", 1, {}) for venue in Venue.objects.all())
    yield from ((one.starts_at, "subscriptions", 1, {"plan": one.plan_id}) for one in Subscription.objects.all())
    yield from ((chat.created_at, "chats", 1, {}) for chat in Conversation.objects.filter(kind="private"))
    for message in Message.objects.select_related("conversation"):
        yield message.created_at, "messages", 1, {"venue": message.conversation.venue_id}
    yield from ((scan.scanned_at, "scans", 1, {"venue": scan.venue_id}) for scan in Scan.objects.all())
    yield from ((one.redeemed_at, "redemptions", 1, {"venue": one.venue_id}) for one in Redemption.objects.all())


def _moneys(currency):
    billed = {venue.subscriber_id: venue.pk for venue in Venue.objects.exclude(subscriber=None)}
    for payment in Payment.objects.filter(currency=currency).select_related("subscription"):
        of = {"venue": billed[payment.subscription.subscriber_id], "plan": payment.plan_id}
        yield payment.paid_at, "revenue", payment.amount, of
        yield from ((refund.refunded_at, "revenue", -refund.amount, of) for refund in payment.refunds.all())


def taken_in(since, until, currency="GBP"):
    """Payments less refunds, `until` excluded."""
    return sum(value for at, _, value, _ in _moneys(currency) if since <= at < until)


def people_active(since, until):
    return len(
        {
            *Visit.objects.filter(started_at__gte=since, started_at__lt=until).values_list("user", flat=True),
            *Message.objects.filter(created_at__gte=since, created_at__lt=until).values_list("sender", flat=True),
            *Redemption.objects.filter(redeemed_at__gte=since, redeemed_at__lt=until).values_list(
                "customer", flat=True
            ),
        }
    )
