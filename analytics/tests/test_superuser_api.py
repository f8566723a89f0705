import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import transaction

from accounts.models import UserType
from accounts.services.standing import change_user_type
from activity.models import ActivityEntry
from analytics import services
from analytics.csv_report import as_text
from analytics.models import DailyRollup
from analytics.services import close_days
from analytics.tests.histories import KINDS, History
from billing.models import Coupon, Payment, Refund, Subscription
from billing.services.payments import record_payment
from venues.models import Venue

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
PATHS = (
    "/superuser/dashboard/",
    "/superuser/overview/",
    "/superuser/analytics/",
    "/superuser/reports/",
    "/superuser/reports/?format=csv",
)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def history(db):
    return History()


@pytest.fixture
def root(as_user, superuser):
    return as_user(superuser)


def text_of(answer):
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("path", PATHS)
def test_they_are_for_superusers_only(as_user, customer, owner, superuser, make_user, path):
    support = make_user("sue", UserType.SUPPORT)

    statuses = [as_user(user).get(path).status_code for user in (None, customer, owner, support, superuser)]

    assert statuses == [401, 403, 403, 403, 200]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/superuser/dashboard/?currency=gbp", "currency"),
        ("/superuser/analytics/?currency=POUND", "currency"),
        ("/superuser/analytics/?currency=GB%0A", "currency"),
        ("/superuser/reports/?by=customer", "by"),
        ("/superuser/reports/?format=xml", "format"),
        ("/superuser/reports/?limit=0", "limit"),
        ("/superuser/reports/?cursor=x", "cursor"),
        ("/superuser/reports/?by=plan&cursor=%00", "cursor"),
    ],
)
def test_bad_input_is_named(root, path, field):
    answer = root.get(path)

    assert answer.status_code == 400
    assert set(answer.json()["details"]) == {field}


def test_an_empty_platform_has_noughts(root):
    nothing = {"value": 0, "before": 0, "change": 0, "change_percent": None}
    no_money = {"value": "0.00", "before": "0.00", "change": "0.00", "change_percent": None}

    dashboard, months = root.get("/superuser/dashboard/").json(), root.get("/superuser/analytics/").json()

    assert dashboard == {
        "currency": "GBP",
        "total_venues": nothing,
        "active_users": nothing,
        "monthly_revenue": no_money,
        "active_subscriptions": nothing,
    }
    assert [month["month"] for month in months] == [
        "2025-04", "2025-05", "2025-06", "2025-07", "2025-08", "2025-09",
        "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03",
    ]  # fmt: skip
    assert {value for month in months for key, value in month.items() if key != "month"} == {0, "0.00"}


def test_the_dashboard_compares_with_the_month_before(root, history):
    for at in (NOW, NOW - timedelta(days=40)):
        history.venue(at)
        history.payment(at, 1)
    history.payment(NOW - timedelta(days=1), 2)
    history.refund(NOW, 0)
    history.scan(NOW - timedelta(days=2), 0)
    history.scan(NOW - timedelta(days=3), 1)
    history.message(NOW - timedelta(days=35))
    history.message(NOW)

    body = root.get("/superuser/dashboard/").json()

    # Revenue of March is 1.10 and 2.10 less 0.07, of February up to its last day 1.10.
    assert body == {
        "currency": "GBP",
        "total_venues": {"value": 4, "before": 3, "change": 1, "change_percent": "33.3"},
        "active_users": {"value": 2, "before": 1, "change": 1, "change_percent": "100.0"},
        "monthly_revenue": {"value": "3.13", "before": "1.10", "change": "2.03", "change_percent": "184.5"},
        "active_subscriptions": {"value": 1, "before": 1, "change": 0, "change_percent": "0.0"},
    }


def test_active_subscriptions_are_those_listed_as_live(root, history):
    for status in ("trial", "active", "past_due", "cancelled"):
        history.venue(NOW)
        history.subscription(NOW, which=-1)
        cancelled_at = NOW if status == "cancelled" else None
        Subscription.objects.filter(pk=Subscription.objects.first().pk).update(status=status, cancelled_at=cancelled_at)

    counted = root.get("/superuser/dashboard/").json()["active_subscriptions"]["value"]
    listed = [row["status"] for row in root.get("/superuser/subscriptions/?status=live").json()]

    assert (counted, listed) == (4, ["past_due", "active", "trial", "active"])


def test_the_overview_shows_what_happened_last(root, history, superuser):
    history.customer(NOW)
    coupon = Coupon.objects.create(code="SPRING", percent=10, valid_from=NOW)
    entry = ActivityEntry.objects.create(actor=superuser, type="dance", summary="Danced", target_id="3")

    body = root.get("/superuser/overview/").json()

    assert body["recent_signups"][0] == {
        "id": history.guests[-1].pk,
        "username": "guest2",
        "name": "guest2",
        "joined_at": "2026-03-31T12:00:00Z",
    }
    assert body["subscription_distribution"] == [
        {"id": history.plans[0].pk, "name": "Basic", "subscriptions": 1, "share_percent": "100.0"},
        {"id": history.plans[1].pk, "name": "Premium", "subscriptions": 0, "share_percent": "0.0"},
    ]
    assert body["recent_coupons"] == [
        {
            "id": coupon.pk,
            "code": "SPRING",
            "percent": 10,
            "amount": None,
            "currency": "",
            "valid_until": None,
            "redemptions": 0,
        }
    ]
    assert body["recent_activity"][0] == {
        "id": entry.pk,
        "at": "2026-03-31T12:00:00Z",
        "actor": "root",
        "type": "dance",
        "summary": "Danced",
        "target": {"type": "", "id": "3"},
        "details": {},
    }


def test_an_activity_of_nobody_has_no_actor(root):
    ActivityEntry.objects.create(type="dance", summary="Danced")

    assert root.get("/superuser/overview/").json()["recent_activity"][0]["actor"] is None


def test_another_currency_is_asked_for_by_name(root, history):
    history.payment(NOW, 4)
    history.payment(NOW, 1)

    euros, pounds = (root.get(f"/superuser/analytics/?currency={code}").json()[-1] for code in ("EUR", "GBP"))

    assert (euros["revenue"], pounds["revenue"]) == ("4.10", "1.10")


def test_a_days_end_is_midnight_in_utc(root, history):
    for at in ("2026-02-28T23:59:59.999999", "2026-03-01T00:00:00", "2025-03-31T23:59:59", "2025-04-01T00:00:00"):
        history.scan(datetime.fromisoformat(at).replace(tzinfo=UTC))

    before = [month["scans"] for month in root.get("/superuser/analytics/").json()]
    close_days()
    after = [month["scans"] for month in root.get("/superuser/analytics/").json()]

    assert before == after == [1, *[0] * 9, 1, 1]


def test_reports_come_in_pages(root, history):
    first = root.get("/superuser/reports/?limit=1")
    following = first["Link"].split(">")[0].removeprefix("<")
    second = root.get(following)

    assert [row["id"] for row in first.json() + second.json()] == [venue.pk for venue in history.venues]
    assert "Link" not in second
    assert {len(row["months"]) for row in first.json()} == {12}


def test_the_file_has_everybody_and_no_formulas(root, history):
    Venue.objects.filter(pk=history.venues[0].pk).update(name='＝HYPERLINK("http://x.example","a,b")')

    answer = root.get("/superuser/reports/?format=csv&limit=1")
    rows = list(csv.DictReader(io.StringIO(text_of(answer))))

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="report-2026-03-31.csv"'
    assert [(row["kind"], row["name"]) for row in rows[::12]] == [
        ("platform", "Platform"),
        ("plan", "Basic"),
        ("plan", "Premium"),
        ("venue", '\'＝HYPERLINK("http://x.example","a,b")'),
        ("venue", "'=Venue 1"),
    ]
    assert len(rows) == 5 * 12


def exports_written():
    return list(
        ActivityEntry.objects.filter(type="report_exported")
        .order_by("id")
        .values_list("actor__username", "summary", "details")
    )


def test_the_file_is_written_down_before_its_first_byte_is_sent(root, history):
    root.get("/superuser/reports/")
    assert exports_written() == []

    root.get("/superuser/reports/?format=csv")
    root.get("/superuser/reports/?format=csv&by=plan&currency=EUR")

    assert exports_written() == [
        ("root", "Exported a report", {"kinds": ["platform", "plan", "venue"], "currency": "GBP"}),
        ("root", "Exported a report", {"kinds": ["plan"], "currency": "EUR"}),
    ]


def test_the_file_can_be_of_one_kind(root, history):
    rows = list(csv.DictReader(io.StringIO(text_of(root.get("/superuser/reports/?format=csv&by=plan")))))

    assert {row["kind"] for row in rows} == {"plan"}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+44", "'+44"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＠x", "'＠x"),
        ("The Anchor", "The Anchor"),
        ("4 = 4", "4 = 4"),
        ("", ""),
    ],
)
def test_a_name_is_no_formula(name, written):
    assert as_text(name) == written


def read(answer):
    return text_of(answer) if answer.streaming else answer.content


@pytest.mark.parametrize(("path", "queries"), list(zip(PATHS, (4, 6, 4, 8, 17), strict=True)))
def test_they_take_as_many_queries_for_three_rows_as_for_one(root, history, path, queries, django_assert_num_queries):
    counts = []
    close_days()
    for times in (1, 2):
        for kind in KINDS:
            for number in range(times):
                getattr(history, kind)(NOW - timedelta(hours=number), number)
        read(root.get(path))
        with django_assert_num_queries(queries):
            answer = root.get(path)
            read(answer)
        counts.append(answer.status_code)

    assert counts == [200, 200]


def test_a_day_is_closed_five_minutes_after_it_is_over(history, at_noon):
    at_noon.move_to(datetime(2026, 4, 1, 0, 4, 59, tzinfo=UTC), tick=False)
    close_days()
    before = DailyRollup.objects.filter(day="2026-03-31").exists()
    at_noon.move_to(datetime(2026, 4, 1, 0, 5, tzinfo=UTC), tick=False)
    close_days()

    assert (before, DailyRollup.objects.filter(day="2026-03-31").exists()) == (False, True)


def test_closing_again_changes_nothing_however_many_days_are_closed_at_once(history, monkeypatch):
    history.scan(NOW - timedelta(days=3))
    close_days()
    stored = list(DailyRollup.objects.order_by("pk").values())
    DailyRollup.objects.filter(day__gte="2026-03-29").delete()
    monkeypatch.setattr(services, "DAYS_AT_ONCE", 7)

    changed = close_days()

    assert changed > 0
    again = {
        (row["day"], row["metric"], row["scope"], row["scope_id"]): row["value"] for row in DailyRollup.objects.values()
    }
    assert again == {(row["day"], row["metric"], row["scope"], row["scope_id"]): row["value"] for row in stored}


def test_there_is_nothing_to_do_for_the_rest_of_the_day(history, django_assert_num_queries):
    close_days()

    with django_assert_num_queries(1):
        assert close_days() == 0


def test_rows_that_came_late_are_found_the_next_night(root, history, at_noon):
    close_days()
    history.scan(NOW - timedelta(days=200))
    close_days()
    late = [month["scans"] for month in root.get("/superuser/analytics/").json()]
    at_noon.move_to(NOW + timedelta(days=1) - timedelta(hours=11), tick=False)
    close_days()

    DailyRollup.objects.get(metric="scans", scope="platform", day=(NOW - timedelta(days=200)).date(), value=1)
    assert sum(late) == 0


def test_a_payment_of_a_closed_day_is_in_the_very_next_answer(root, history):
    close_days()
    subscription = history.venues[0].subscriber.subscriptions.get()
    payment = {"subscription": subscription.pk, "amount": "1000.00", "paid_at": "2026-03-02T10:00:00Z"}

    paid = root.post("/superuser/payments/", payment, content_type="application/json")

    assert paid.status_code == 201
    assert root.get("/superuser/dashboard/").json()["monthly_revenue"]["value"] == "1000.00"
    for kind in ("platform", "plan", "venue"):
        assert root.get(f"/superuser/reports/?by={kind}").json()[0]["months"][-1]["revenue"] == "1000.00"


def test_a_payment_of_a_closed_day_that_is_taken_back_leaves_nothing(root, history, superuser):
    close_days()
    subscription = history.venues[0].subscriber.subscriptions.get()
    with transaction.atomic():
        record_payment(subscription_id=subscription.pk, paid_at=NOW - timedelta(days=45), by=superuser)
        within = root.get("/superuser/analytics/").json()[-2]["revenue"]
        transaction.set_rollback(True)

    assert (within, root.get("/superuser/analytics/").json()[-2]["revenue"]) == ("20.00", "0.00")


def test_who_is_no_customer_any_more_is_no_sign_up_of_a_closed_day(root, history, superuser):
    history.customer(NOW - timedelta(days=45))
    close_days()

    def sign_ups():
        return root.get("/superuser/analytics/").json()[-2]["customers"]

    counts = [sign_ups()]
    for user_type in (UserType.SUPPORT, UserType.VENUE_OWNER, UserType.CUSTOMER):
        change_user_type(user=history.guests[-1], user_type=user_type, by=superuser)
        counts.append(sign_ups())

    assert counts == [1, 0, 0, 1]


@pytest.mark.parametrize("is_closed", [False, True])
def test_all_that_is_paid_and_given_back_on_one_day_is_summed(root, history, is_closed):
    at = NOW - timedelta(days=1)
    venue, other = history.venues
    history.subscription(NOW - timedelta(days=9), which=1)
    history.subscription(NOW - timedelta(days=8), which=0)
    Subscription.objects.filter(pk=Subscription.objects.latest("pk").pk).update(plan=history.plans[1])
    for which, amounts in ((0, ("1.00", "2.00")), (1, ("4.00",)), (2, ("8.00",))):
        subscription = Subscription.objects.order_by("pk")[which]
        for amount in amounts:
            payment = Payment.objects.create(
                subscription=subscription, plan=subscription.plan, amount=amount, currency="GBP", paid_at=at
            )
            Refund.objects.create(payment=payment, amount="0.25", refunded_at=at)
    if is_closed:
        close_days()

    def revenue(by):
        rows = root.get(f"/superuser/reports/?by={by}").json()
        return {row["id"]: row["months"][-1]["revenue"] for row in rows}

    basic, premium = history.plans
    assert revenue("platform") == {0: "14.00"}
    assert revenue("plan") == {basic.pk: "2.50", premium.pk: "11.50"}
    assert revenue("venue") == {venue.pk: "10.25", other.pk: "3.75"}
    assert root.get("/superuser/dashboard/").json()["monthly_revenue"]["value"] == "14.00"


def test_it_is_this_installations_currency(root):
    assert root.get("/superuser/dashboard/").json()["currency"] == settings.CURRENCY
