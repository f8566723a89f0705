from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User, UserType
from activity.services import Target, record_activity
from analytics.services import close_days
from analytics.showing import amount
from analytics.tests.histories import History
from billing.models import Subscription
from conftest import PASSWORD
from venues.models import Venue

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def history(owner, make_user):
    history = History()
    rival = make_user("rival", UserType.VENUE_OWNER)
    for number in range(2):
        history.venue(NOW)
        Venue.objects.filter(pk=history.venues[number].pk).update(owner=owner, name=f"Mine {number}")
    Venue.objects.filter(pk=history.venues[2].pk).update(owner=rival, name="Theirs")
    return history


def sign_in(client, username="olga", password=PASSWORD, **extra):
    return client.post("/dashboard/login/", {"username": username, "password": password}, **extra)


@pytest.fixture
def browser(owner):
    client = Client()
    assert sign_in(client).status_code == 302
    return client


def shown(answer):
    figures = answer.context["figures"]
    return {
        "this month": {metric.value: (of.value, of.before) for metric, of in figures.this_month.items()},
        "months": [(month.scans, month.messages, month.redemptions) for month in figures.months],
        "venues": [venue.name for venue in figures.venues],
    }


def fill(history):
    for which, times in ((0, 1), (1, 2), (2, 4)):
        for _ in range(times):
            for kind in ("scan", "message", "redemption"):
                getattr(history, kind)(NOW - timedelta(hours=1), which)
                getattr(history, kind)(NOW - timedelta(days=35), which)
                getattr(history, kind)(NOW - timedelta(days=90), which)


def test_an_owner_sees_the_sums_of_their_own_venues_only_whichever_days_are_closed(browser, history):
    fill(history)

    before = shown(browser.get("/dashboard/"))
    close_days()
    after = shown(browser.get("/dashboard/"))

    assert before == after == {
        "this month": {"scans": (3, 3), "messages": (3, 3), "redemptions": (3, 3)},
        "months": [*[(0, 0, 0)] * 8, (3, 3, 3), (0, 0, 0), (3, 3, 3), (3, 3, 3)],
        "venues": ["Mine 0", "Mine 1"],
    }  # fmt: skip


def test_one_venue_is_looked_at_alone(browser, history):
    fill(history)

    answer = browser.get(f"/dashboard/?venue={history.venues[1].pk}")

    assert answer.context["figures"].venue == history.venues[1]
    assert shown(answer)["months"][-1] == (2, 2, 2)
    assert [row.offer.venue_id for row in answer.context["figures"].recent_redemptions] == [history.venues[1].pk] * 6


def test_an_owner_sees_what_their_venues_paid_less_refunds_whichever_days_are_closed(browser, history):
    for number in (1, 2):
        history.subscription(NOW - timedelta(days=100), number)
    history.payment(NOW - timedelta(days=35), 1)
    history.refund(NOW - timedelta(days=1))
    history.payment(NOW - timedelta(hours=1), 1)
    history.payment(NOW - timedelta(hours=1), 2)

    def paid(query=""):
        return [str(month.paid) for month in browser.get(f"/dashboard/{query}").context["figures"].months[-3:]]

    before = paid()
    close_days()

    assert before == paid() == paid(f"?venue={history.venues[1].pk}") == ["0.00", "1.10", "1.03"]
    assert paid(f"?venue={history.venues[0].pk}") == ["0.00", "0.00", "0.00"]


def test_each_venues_latest_subscription_is_shown(browser, history):
    for number in (1, 1, 2):
        history.subscription(NOW - timedelta(days=3), number)

    answer = browser.get("/dashboard/")

    shown = [
        (venue.name, found and (found.pk, found.status)) for venue, found in answer.context["figures"].subscriptions
    ]
    latest = Subscription.objects.filter(subscriber__venue=history.venues[1]).latest("pk")
    assert shown == [("Mine 0", (Subscription.objects.earliest("pk").pk, "active")), ("Mine 1", (latest.pk, "active"))]
    assert "Premium, GBP 20.00 a month" in answer.content.decode()
    assert "27 Apr 2026" in answer.content.decode()


def write_down(what, type, id_, by=None, **more):
    record_activity(type=what, actor_id=by, summary=f"{what} {type} {id_}", target=Target(type, id_), **more)


def test_what_was_done_to_their_venues_is_shown_and_nothing_that_others_did(browser, owner, history):
    mine, theirs = history.venues[1], history.venues[2]
    for number in (1, 2):
        history.subscription(NOW, number)
    of_mine, of_theirs = Subscription.objects.order_by("pk")[1:]
    for venue, subscription in ((theirs, of_theirs), (mine, of_mine)):
        write_down("venue_status_changed", "venue", venue.pk, owner.pk)
        write_down("subscription_started", "subscription", subscription.pk)
        write_down("group_closed", "conversation", venue.group.pk)
        write_down("admin_changed", "venue", venue.pk)
        write_down("muted", "user", history.guests[0].pk, details={"conversation": venue.group.pk})
    write_down("signed_in", "user", mine.pk)
    write_down("venue_status_changed", "workspace", mine.pk)

    def entries(query=""):
        return [entry.summary for entry in browser.get(f"/dashboard/{query}").context["figures"].recent_activity]

    assert entries() == entries(f"?venue={mine.pk}") == [
        f"group_closed conversation {mine.group.pk}",
        f"subscription_started subscription {of_mine.pk}",
        f"venue_status_changed venue {mine.pk}",
    ]  # fmt: skip
    assert entries(f"?venue={history.venues[0].pk}") == []


@pytest.mark.parametrize("venue", ["theirs", "0", "-1", "x", "9" * 30, "99999"])
def test_another_owners_venue_is_not_there(browser, history, venue):
    asked = history.venues[2].pk if venue == "theirs" else venue

    assert browser.get(f"/dashboard/?venue={asked}").status_code == 404


def test_nothing_of_anothers_is_on_the_page(browser, history):
    fill(history)

    page = browser.get("/dashboard/").content.decode()

    assert "Mine 0" in page
    assert "Theirs" not in page


def test_hours_are_the_venues_own(browser, history):
    Venue.objects.update(time_zone="Pacific/Auckland")
    for which in (0, 0, 1, 2):
        history.scan(NOW - timedelta(hours=1), which)

    figures = browser.get("/dashboard/").context["figures"]

    assert figures.zone == "Pacific/Auckland"
    assert [(hour.hour, hour.scans) for hour in figures.hours if hour.scans] == [(0, 3)]


def test_an_owner_of_nothing_sees_an_empty_page(browser):
    answer = browser.get("/dashboard/")

    assert answer.status_code == 200
    assert shown(answer)["venues"] == []


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard", "/dashboard/?venue=1"])
def test_nobody_is_shown_the_door(db, path):
    answer = Client().get(path)

    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/login/")


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.SUPPORT, UserType.SUPERUSER])
def test_only_owners_sign_in(make_user, user_type):
    make_user("someone", user_type)
    client = Client()

    refused = sign_in(client, "someone")

    assert refused.status_code == 401
    assert "Invalid username or password." in refused.content.decode()
    assert client.get("/dashboard/").status_code == 302


def test_a_superuser_is_sent_to_the_admin(visitor):
    assert visitor.get("/dashboard/")["Location"] == "/admin/"


def test_an_owners_session_opens_nothing_of_the_admin_and_no_endpoint(browser, history):
    answers = [browser.get(path).status_code for path in ("/admin/", "/admin/venues/venue/", "/superuser/dashboard/")]

    assert answers == [302, 302, 401]


@pytest.mark.parametrize(("username", "password"), [("olga", "wrong"), ("nobody", PASSWORD), ("olga", " " + PASSWORD)])
def test_every_refusal_looks_the_same(owner, username, password):
    refused = sign_in(Client(), username, password)

    assert refused.status_code == 401
    assert refused.context["trouble"] == "Invalid username or password."


@pytest.mark.parametrize(
    "fields", [{}, {"username": "olga"}, {"username": "x" * 151, "password": "y"}, {"password": "\0"}]
)
def test_a_form_that_is_not_filled_in_is_bad(owner, fields):
    assert Client().post("/dashboard/login/", fields).status_code == 400


def test_too_many_attempts_shut_the_account_for_the_window(owner, settings, at_noon):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "3/minute"}
    for _ in range(3):
        assert sign_in(Client(), password="wrong").status_code == 401

    locked = sign_in(Client())
    at_noon.shift(61)
    later = sign_in(Client())

    assert (locked.status_code, locked["Retry-After"], later.status_code) == (429, "60", 302)


def test_signing_in_needs_the_csrf_token_and_changes_the_sessions_key(owner):
    strict, client = Client(enforce_csrf_checks=True), Client()
    client.get("/dashboard/login/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    sign_in(client)

    assert sign_in(strict).status_code == 403
    assert client.cookies["sessionid"].value != planted


@pytest.mark.parametrize("query", ["", "?next=https://elsewhere.example/", "?next=/admin/"])
def test_signing_in_leads_to_the_dashboard_and_nowhere_else(owner, query):
    fields = {"username": "olga", "password": PASSWORD, "next": "https://elsewhere.example/"}

    answer = Client().post(f"/dashboard/login/{query}", fields)

    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")


def test_signing_out_ends_it_and_is_no_link(browser):
    assert browser.get("/dashboard/logout/").status_code == 405

    browser.post("/dashboard/logout/")

    assert browser.get("/dashboard/").status_code == 302


def change_type(owner):
    User.objects.filter(pk=owner.pk).update(user_type=UserType.CUSTOMER)


def deactivate(owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)


def change_password(owner):
    owner.set_password("Another-horse-8")
    owner.save()


@pytest.mark.parametrize("ends", [change_type, deactivate, change_password])
def test_an_owner_who_is_none_any_more_is_out_at_once(browser, owner, ends):
    ends(owner)

    assert browser.get("/dashboard/")["Location"] == "/dashboard/login/"


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/login/"])
def test_the_pages_load_nothing_but_their_own_and_are_not_framed_or_kept(browser, path):
    answer = (Client() if "login" in path else browser).get(path)
    page = answer.content.decode()

    assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert "style=" not in page
    assert "<script>" not in page


def test_a_name_is_text_on_the_page(browser, history):
    Venue.objects.filter(pk=history.venues[0].pk).update(name="<img src=x onerror=alert(1)>")

    assert "<img" not in browser.get("/dashboard/").content.decode()


@pytest.mark.parametrize(("value", "shown"), [(999, "999"), (12345, "12,345"), (-1234, "-1,234")])
def test_large_figures_are_grouped_in_thousands(value, shown):
    assert amount(value) == shown


def test_the_page_takes_as_many_queries_for_three_venues_as_for_one(browser, owner, history):
    counts = []
    close_days()
    for number in (0, 1, 2):
        Venue.objects.update(owner=None)
        Venue.objects.filter(pk__in=[venue.pk for venue in history.venues[: number + 1]]).update(owner=owner)
        fill(history)
        browser.get("/dashboard/")
        with CaptureQueriesContext(connection) as queries:
            browser.get("/dashboard/")
        counts.append(len(queries))

    assert counts == [18, 18, 18]
