"""Every way to ask for the platform's months agrees with a plain recount, whatever happened, whichever days are closed.

200 runs of 50 steps, and a short one of what fails: `pytest analytics/tests/test_figures_machine.py
--hypothesis-profile=thorough`.
"""

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.models import User, UserType
from accounts.services.privacy import anonymise_account
from accounts.services.standing import change_user_type
from analytics.days import A_DAY, a_month_before, months_up_to, start_of
from analytics.figures import last_closed_day
from analytics.models import DailyRollup
from analytics.owner_dashboard import owner_dashboard
from analytics.platform import Moment
from analytics.services import close_days
from analytics.tests.histories import KINDS, LONG_AGO, History, people_active, pick, recount, taken_in
from billing.models import Payment, Subscription
from billing.services.payments import record_payment, refund_payment
from billing.services.subscriptions import cancel_subscription
from chat.models import Message
from chat.services.changes import delete_message
from conftest import ApiClient
from venues.models import Venue
from venues.services.venues import close_venue, update_venue

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
METRICS = ("customers", "venues", "revenue", "chats", "messages", "scans", "redemptions")
# Just before and after the ends of days and months, in the shown months and just out of them.
HOURS_AGO = st.one_of(st.integers(0, 80), st.integers(0, 24 * 400), st.sampled_from([12, 13, 36, 732, 733, 8760, 9000]))


def number(text):
    return None if text == "" else Decimal(text)


def guests():
    return User.objects.filter(username__startswith="guest")


def live_subscriptions():
    return Subscription.objects.filter(cancelled_at=None)


# What there is, and what a superuser may do with it however long afterwards.
DEEDS = {
    "forget": (guests, lambda user, by: anonymise_account(user=user, by=by)),
    "unsay": (
        lambda: Message.objects.exclude(conversation__venue=None),
        lambda message, by: delete_message(message_id=message.pk, by=by),
    ),
    "give back": (
        lambda: Payment.objects.filter(refunded=0),
        lambda payment, by: refund_payment(payment_id=payment.pk, by=by),
    ),
    "cancel": (live_subscriptions, lambda one, by: cancel_subscription(subscription_id=one.pk, by=by)),
    "hand over": (Venue.objects.all, lambda venue, by: update_venue(venue=venue, by=by, fields={"owner_id": None})),
    "close": (Venue.objects.all, lambda venue, by: close_venue(venue=venue, by=by)),
}


class FiguresMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.now = START
        self.root = User.objects.create(
            username="root",
            email="root@example.com",
            user_type_id=UserType.SUPERUSER,
            is_superuser=True,
            is_staff=True,
        )
        self.owner = User.objects.create(username="olga", email="olga@example.com", user_type_id=UserType.VENUE_OWNER)
        self.history = History()
        self.history.subscription(START - timedelta(days=400), which=1)
        Venue.objects.update(owner=self.owner)

    def teardown(self):
        try:
            self.everybody_looks()
        finally:
            self.clock.stop()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @initialize(hours_ago=HOURS_AGO, job_ran=st.booleans())
    def it_has_a_past(self, hours_ago, job_ran):
        for kind in KINDS:
            self.something_happened(kind, hours_ago, which=0, times=3)
        self.nights_pass(0, job_ran)

    @rule(kind=st.sampled_from(KINDS), hours_ago=HOURS_AGO, which=st.integers(0, 9), times=st.integers(1, 3))
    def something_happened(self, kind, hours_ago, which, times):
        """Some time ago, on a day that is still open."""
        for _ in range(times):
            getattr(self.history, kind)(max(self.now - timedelta(hours=hours_ago), self.all_is_open_since()), which)

    @rule(kind=st.sampled_from(KINDS), hours_ago=HOURS_AGO)
    def it_happened_everywhere(self, kind, hours_ago):
        for which in range(4):
            self.something_happened(kind, hours_ago, which, 1)

    @rule(hours_ago=HOURS_AGO, which=st.integers(0, 9))
    def a_payment_is_written_down_late(self, hours_ago, which):
        paid_at = self.now - timedelta(hours=hours_ago)
        subscription = pick(live_subscriptions().filter(starts_at__lte=paid_at), which)
        if subscription is not None:
            amount = Decimal("0.30") + which
            record_payment(subscription_id=subscription.pk, amount=amount, paid_at=paid_at, by=self.root)
        self.everybody_looks()

    @rule(which=st.integers(0, 2))
    def somebody_becomes_something_else(self, which):
        """One of those who came last: a customer no more, or again."""
        guest = pick(guests(), -1 - which)
        if guest is not None:
            user_type = UserType.SUPPORT if guest.is_customer else UserType.CUSTOMER
            change_user_type(user=guest, user_type=user_type, by=self.root)
        self.everybody_looks()

    @rule(deed=st.sampled_from(sorted(DEEDS)), which=st.integers(0, 2))
    def somebody_does_something_with_what_is_there(self, deed, which):
        things, do = DEEDS[deed]
        thing = pick(things(), which)
        if thing is not None:
            do(thing, self.root)
        self.everybody_looks()

    @rule(days=st.sampled_from([0, 1, 2, 40]), job_runs=st.booleans())
    def nights_pass(self, days, job_runs):
        self.now += timedelta(days=days)
        self.traveller.move_to(self.now, tick=False)
        if job_runs:
            close_days()

    @rule(kind=st.sampled_from(KINDS), hours_ago=HOURS_AGO)
    def the_night_finds_what_no_service_did(self, kind, hours_ago):
        """Nothing in the product writes or deletes such rows: somebody at the database might."""
        getattr(self.history, kind)(self.now - timedelta(hours=hours_ago))
        scan = self.history.venues[0].scans.first()
        if scan is not None:
            scan.delete()
        self.nights_pass(1, job_runs=True)

    @rule(weeks=st.integers(0, 60))
    def the_job_had_died_on_its_way(self, weeks):
        """It stores week after week, oldest first: these had not been stored yet."""
        DailyRollup.objects.filter(day__gt=self.now.date() - timedelta(weeks=weeks)).delete()

    @rule()
    def everybody_looks(self):
        self.api, self.admin = ApiClient(self.root), Client()
        self.admin.force_login(self.root)
        months = [f"{first:%Y-%m}" for first in months_up_to(self.now.date())]
        expected = recount()

        self.analytics_agree(months, expected)
        self.report_agrees(months, expected)
        self.file_agrees(months, expected)
        self.first_page_agrees(months, expected)
        self.owners_page_agrees(months, expected)
        self.dashboard_agrees()

    def all_is_open_since(self):
        closed = last_closed_day()
        return start_of((closed or LONG_AGO.date()) + A_DAY)

    def analytics_agree(self, months, expected):
        body = self.api.get("/superuser/analytics/").json()
        assert body == [
            {"month": at}
            | {
                metric: f"{expected[at, 'platform', 0, metric]:.2f}"
                if metric == "revenue"
                else expected[at, "platform", 0, metric]
                for metric in METRICS
            }
            for at in months
        ]

    def report_agrees(self, months, expected):
        for kind in ("platform", "plan", "venue"):
            rows = self.api.get(f"/superuser/reports/?by={kind}&limit=200").json()
            for row in rows:
                assert [each["month"] for each in row["months"]] == months
                for each in row["months"]:
                    known = {metric: value for metric, value in each.items() if metric != "month" and value is not None}
                    assert {metric: Decimal(value) for metric, value in known.items()} == {
                        metric: expected[each["month"], kind, row["id"], metric] for metric in known
                    }
        assert len(rows) == Venue.objects.count()

    def file_agrees(self, months, expected):
        text = b"".join(self.api.get("/superuser/reports/?format=csv").streaming_content).decode()
        found = Counter()
        for row in csv.DictReader(io.StringIO(text)):
            for metric in (*METRICS, "subscriptions"):
                if row[metric]:
                    found[row["month"], row["kind"], int(row["id"]), metric] = Decimal(row[metric])
        shown = {key: value for key, value in expected.items() if key[0] in months and value}
        assert {key: value for key, value in found.items() if value} == shown

    def first_page_agrees(self, months, expected):
        charts = {chart.id: chart for chart in self.admin.get("/admin/").context["charts"]}
        for name in ("revenue", "customers", "scans", "messages", "redemptions"):
            drawn = [row.cells[0].value for row in charts[name].rows]
            assert drawn == [expected[at, "platform", 0, name] for at in months]
        lately = self.now.replace(hour=0) - timedelta(days=29)
        scans = [scan for venue in Venue.objects.all() for scan in venue.scans.filter(scanned_at__gte=lately)]
        hours = Counter(scan.scanned_at.astimezone(UTC).hour for scan in scans)
        assert [row.cells[0].value for row in charts["hours"].rows] == [hours[hour] for hour in range(24)]

    def owners_page_agrees(self, months, expected):
        shown = owner_dashboard(self.owner, Moment(self.now, "GBP"))
        own = Venue.objects.filter(owner=self.owner)
        for metric in ("scans", "messages", "redemptions"):
            assert [getattr(each, metric) for each in shown.months] == [
                sum(expected[at, "venue", venue.pk, metric] for venue in own) for at in months
            ]

    def dashboard_agrees(self):
        body = self.api.get("/superuser/dashboard/").json()
        midnight = self.now.replace(hour=0)
        windows = [midnight - timedelta(days=days) for days in (60, 30, 0)]
        active = people_active(windows[1], windows[2]), people_active(windows[0], windows[1])
        assert (body["active_users"]["value"], body["active_users"]["before"]) == active
        before = self.now.replace(
            **{part: getattr(a_month_before(self.now.date()), part) for part in ("year", "month", "day")}
        )
        venues = Venue.objects.count(), Venue.objects.filter(created_at__lte=before).count()
        assert (body["total_venues"]["value"], body["total_venues"]["before"]) == venues
        first = midnight.replace(day=1)
        revenue = taken_in(first, midnight + A_DAY), taken_in(*self.month_before(first, midnight))
        assert tuple(Decimal(body["monthly_revenue"][name]) for name in ("value", "before")) == revenue
        assert body["active_subscriptions"]["value"] == live_subscriptions().count()

    def month_before(self, first, midnight):
        """Up to the end of the same day."""
        return start_of(a_month_before(first.date())), start_of(a_month_before(midnight.date()) + A_DAY)


@pytest.mark.django_db
def test_every_way_to_ask_agrees_with_a_recount_before_and_after_days_are_closed():
    is_quick = settings.default.max_examples <= 20
    quick = settings(settings.default, max_examples=4, stateful_step_count=15, phases=[Phase.generate])
    run_state_machine_as_test(FiguresMachine, settings=quick if is_quick else settings.default)
