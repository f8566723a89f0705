"""What is written down, by whom it was done, and what is never told."""

from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session as BrowserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from accounts.errors import OneTimePasswordRefused, SignInRefused
from accounts.events import SignedIn
from accounts.models import UserType
from accounts.services.blocks import report_user
from accounts.services.one_time_passwords import (
    Asker,
    issue_one_time_password,
    request_one_time_password,
    use_one_time_password,
)
from accounts.services.privacy import anonymise_account, export_account
from accounts.services.registration import (
    AccountDetails,
    ProfileDetails,
    create_account,
    register_customer,
    register_member,
)
from accounts.services.sessions import Credentials, sign_in
from accounts.services.standing import change_user_type
from activity.models import ActivityEntry, FeedEntry
from billing.models import Plan, Subscriber
from billing.services.coupons import create_coupon
from billing.services.payments import record_payment, refund_payment
from billing.services.plans import change_plan, create_plan
from billing.services.subscriptions import cancel_subscription, start_subscription
from chat.models import Message
from chat.services.changes import delete_message
from chat.services.conversations import close_group, ensure_group, mute, open_group
from conftest import PASSWORD, open_pub_session
from core.events import with_it
from core.sessions import SessionPolicy
from icebreakers.models import IceBreaker
from venues.models import Venue
from venues.services.venues import change_venue_status, create_venue
from workspaces.models import Member
from workspaces.services.workspaces import create_workspace

REFUSING: list[str] = []


def written(*types: str) -> list[tuple]:
    rows = ActivityEntry.objects.order_by("id")
    rows = rows.filter(type__in=types) if types else rows
    return list(rows.values_list("type", "actor__username", "summary", "target_type", "target_id"))


def everything_written() -> str:
    return str(list(ActivityEntry.objects.values("summary", "details", "target_id")))


def test_signing_in_costs_one_insert_more(customer, django_assert_num_queries):
    with django_assert_num_queries(5) as queries:
        opened = open_pub_session(customer)

    statements = [query["sql"].split()[0] for query in queries]
    assert statements == ["SAVEPOINT", "UPDATE", "INSERT", "INSERT", "RELEASE"]
    assert written() == [("signed_in", "ann", "Signed in on pub", "user", str(customer.pk))]
    assert ActivityEntry.objects.get().details == {"session": str(opened.session.pk)}


@pytest.mark.parametrize(("username", "target"), [("ann", "user"), ("nobody-there", "")])
def test_a_failed_sign_in_tells_whose_account_and_never_what_was_typed(username, target, customer):
    credentials = Credentials(username, "a-Wrong-pass-word", "10.0.0.1")

    with pytest.raises(SignInRefused):
        sign_in(credentials, admits=frozenset({UserType.CUSTOMER}), policy=SessionPolicy(surface="pub"), device="")

    [entry] = written()
    assert entry[:4] == ("sign_in_failed", None, "Failed to sign in", target)
    assert not any(typed in everything_written() for typed in ("Wrong", "nobody-there", "10.0.0.1"))


def test_a_wrong_code_is_a_failed_sign_in(customer):
    asked = request_one_time_password(surface="pub", asker=Asker(email=customer.email))
    issue_one_time_password(asked.pk)

    with pytest.raises(OneTimePasswordRefused):
        use_one_time_password(surface="pub", email=customer.email, code="wrong!")

    assert written() == [("sign_in_failed", None, "Failed to sign in", "user", str(customer.pk))]


@pytest.mark.parametrize("path", ["/customers/login/validate-otp/", "/api/verify-otp/"])
@pytest.mark.parametrize(("email", "target"), [("Ann@example.com", "user"), ("nobody-there@example.com", "")])
def test_a_code_that_nobody_asked_for_is_a_failed_sign_in_too(path, email, target, customer, as_user):
    answer = as_user(None).send("POST", path, {"email": email, "otp": "000000"})

    assert answer.status_code == 400
    [entry] = written()
    assert entry == ("sign_in_failed", None, "Failed to sign in", target, str(customer.pk) if target else "")
    assert "@" not in everything_written()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/login/owner/", {"username": "nobody-there", "password": "a-Wrong-pass-word"}),
        ("POST", "/customers/login/validate-otp/", {"email": "nobody-there@example.com", "otp": "000000"}),
        ("POST", "/api/verify-otp/", {"email": "nobody-there@example.com", "otp": "000000"}),
        ("GET", "/google/callback/?code=a&state=never-given", None),
    ],
)
def test_no_address_has_more_failures_written_than_it_may_make_requests(
    method, path, body, db, settings, own_windows, as_user
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"anonymous": "2/minute"}
    settings.GOOGLE_CLIENT_ID = settings.GOOGLE_CLIENT_SECRET = "set"
    nobody = as_user(None)

    with time_machine.travel("2026-01-01T12:00:00Z", tick=False):
        answers = [nobody.send(method, path, body).status_code for _ in range(4)]

    assert answers[2:] == [429, 429]
    assert len(written("sign_in_failed")) == 2


def test_a_code_that_was_used_is_a_failed_sign_in(customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=customer.email))
    issue_one_time_password(asked.pk)
    use_one_time_password(surface="pub", email=customer.email, code=issued_codes[0].code)

    with pytest.raises(OneTimePasswordRefused):
        use_one_time_password(surface="pub", email=customer.email, code=issued_codes[0].code)

    assert written() == [("sign_in_failed", None, "Failed to sign in", "user", str(customer.pk))]


def test_what_is_rolled_back_was_never_written(customer):
    with transaction.atomic():
        open_pub_session(customer)
        transaction.set_rollback(True)

    assert written() == []


def test_joining_changing_type_reporting_exporting_and_leaving(customer, stranger, superuser):
    details = AccountDetails(username="new", email="new@example.com")
    new = register_customer(details=details, profile=ProfileDetails(), password=PASSWORD, address="10.0.0.1")
    change_user_type(user=new, user_type=UserType.VENDOR, by=superuser)
    change_user_type(user=new, user_type=UserType.VENDOR, by=superuser)
    report_user(reported=stranger, reason="Secret reason", by=customer)
    export_account(customer)
    anonymise_account(user=customer, by=customer)

    gone = customer.__class__.objects.get(pk=customer.pk).username
    assert written() == [
        ("customer_registered", "new", "Registered as a customer", "user", str(new.pk)),
        ("user_type_changed", "root", "Changed a user's type from customer to vendor", "user", str(new.pk)),
        ("customer_reported", gone, "Reported someone", "user", str(stranger.pk)),
        ("account_exported", gone, "Was given a copy of everything held on them", "user", str(customer.pk)),
        ("account_anonymised", gone, "Anonymised an account", "user", str(customer.pk)),
    ]
    assert not any(told in everything_written() for told in ("Secret", "@example.com"))


def test_an_account_that_a_superuser_makes_or_anonymises_is_told_by_the_superuser(superuser):
    details = AccountDetails(username="new", email="new@example.com")

    new = create_account(details=details, user_type=UserType.CUSTOMER, password=None, by=superuser)
    anonymise_account(user=new, by=superuser)

    assert written() == [
        ("customer_registered", "root", "Registered a customer", "user", str(new.pk)),
        ("account_anonymised", "root", "Anonymised an account", "user", str(new.pk)),
    ]


def test_who_is_anonymised_leaves_their_workspaces_themselves_whoever_did_it(customer, stranger, superuser):
    """The people of a workspace are shown who did something there, and must not be shown who runs the platform."""
    alone, shared = (create_workspace(name=name, by=customer) for name in ("Alone", "Shared"))
    Member.objects.create(workspace=shared, user=stranger)

    anonymise_account(user=customer, by=superuser)

    gone = customer.__class__.objects.get(pk=customer.pk).username
    assert [(type, actor, key) for type, actor, _, _, key in written()[2:]] == [
        ("account_anonymised", "root", str(customer.pk)),
        ("workspace_deleted", gone, str(alone.pk)),
        ("workspace_role_changed", gone, str(shared.pk)),
        ("workspace_role_changed", gone, str(shared.pk)),
    ]
    assert set(FeedEntry.objects.values_list("actor", flat=True)) == {customer.pk}


def test_joining_as_a_member(db):
    details = AccountDetails(username="new", email="new@example.com")

    new = register_member(details=details, password=PASSWORD, address="10.0.0.1")

    assert written() == [("member_registered", "new", "Registered as a member", "user", str(new.pk))]


def test_the_log_names_nobody_who_has_left(customer):
    open_pub_session(customer)

    anonymise_account(user=customer, by=customer)

    actors = list(ActivityEntry.objects.values_list("actor__username", flat=True))
    assert "ann" not in actors
    assert "ann" not in everything_written()


def test_an_export_has_what_they_did_and_what_was_done_to_them(customer, stranger, superuser):
    open_pub_session(customer)
    report_user(reported=customer, reason="Rude.", by=stranger)
    open_pub_session(stranger)

    exported = export_account(customer)["activity"]

    assert [entry["type"] for entry in exported] == ["signed_in", "customer_reported", "account_exported"]
    assert set(exported[0]) == {"at", "type", "summary"}


def test_venues_and_their_status(superuser):
    venue = create_venue(by=superuser, fields={"name": "The Anchor"})
    change_venue_status(venue=venue, status=Venue.Status.SUSPENDED, by=superuser)

    about = ("venue", str(venue.pk))
    assert written() == [
        ("venue_created", "root", "Created the venue The Anchor", *about),
        ("venue_status_changed", "root", "Changed a venue's status from active to suspended", *about),
    ]


def test_plans_subscriptions_coupons_payments_and_refunds(superuser):
    fields = {"name": "Basic", "price": Decimal("29.00"), "currency": "GBP", "period": Plan.Period.MONTH}
    plan = create_plan(fields=fields, by=superuser)
    change_plan(plan_id=plan.pk, changes={"price": Decimal("30.00")}, by=superuser)
    subscriber = Subscriber.objects.create(name="The Anchor")
    started = start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)
    coupon = create_coupon(fields={"code": "SPRING-SECRET", "percent": 10}, by=superuser)
    payment = record_payment(subscription_id=started.pk, coupon=coupon.code, by=superuser)
    refund_payment(payment_id=payment.pk, amount=Decimal("7.00"), by=superuser)
    cancel_subscription(subscription_id=started.pk, by=superuser)

    assert [(type, summary, target) for type, _, summary, target, _ in written()] == [
        ("plan_created", "Created the plan Basic at 29.00 GBP a month", "plan"),
        ("plan_changed", "Changed the plan Basic: price", "plan"),
        ("subscription_started", "Subscribed The Anchor to Basic (trial)", "subscription"),
        ("coupon_created", "Created a coupon", "coupon"),
        ("coupon_redeemed", "Redeemed a coupon", "coupon"),
        ("subscription_status_changed", "The subscription of The Anchor went from trial to active", "subscription"),
        ("payment_recorded", "Recorded a payment of 27.00 GBP by The Anchor", "payment"),
        ("payment_refunded", "Refunded 7.00 GBP to The Anchor", "payment"),
        (
            "subscription_status_changed",
            "The subscription of The Anchor went from active to cancelled",
            "subscription",
        ),
    ]
    assert "SPRING" not in everything_written()


def test_order_in_a_venues_group(customer, owner):
    venue = Venue.objects.create(name="The Anchor", owner=owner)
    group = ensure_group(venue)
    said = Message.objects.create(
        conversation=group, seq=1, sender=customer, body="Rude", created_at="2026-01-01T00:00Z"
    )
    own = Message.objects.create(conversation=group, seq=2, sender=owner, body="Oops", created_at="2026-01-01T00:00Z")

    mute(by=owner, venue_id=venue.pk, username="ann", minutes=5)
    close_group(by=owner, venue_id=venue.pk)
    open_group(by=owner, venue_id=venue.pk)
    delete_message(message_id=said.pk, by=owner)
    delete_message(message_id=own.pk, by=owner)

    assert [(type, actor, target, key) for type, actor, _, target, key in written()] == [
        ("muted", "olga", "user", str(customer.pk)),
        ("group_closed", "olga", "conversation", str(group.pk)),
        ("group_opened", "olga", "conversation", str(group.pk)),
        ("message_removed", "olga", "message", str(said.pk)),
    ]


def test_what_is_changed_in_the_admin_is_told_by_name_and_by_value_where_it_may(visitor, customer):
    change = reverse("admin:accounts_user_change", args=[customer.pk])
    profile = {"customer_profile-TOTAL_FORMS": "0", "customer_profile-INITIAL_FORMS": "0"}
    shown = {"username": "anna", "email": "anna@example.com", "first_name": "Anna", "gender": "female"}

    visitor.post(change, {**shown, **profile, "user_type": UserType.VENDOR})

    [entry] = ActivityEntry.objects.filter(type="admin_changed")
    assert (entry.actor.username, entry.target_type, entry.target_id) == ("root", "user", str(customer.pk))
    assert set(entry.details["fields"]) >= {"username", "email", "first_name", "gender", "user_type", "is_active"}
    assert entry.details["values"] == {"user_type": ["customer", "vendor"], "is_active": [True, False]}
    assert not any(told in everything_written() for told in ("anna", "Anna", "female"))


def test_a_password_set_in_the_admin_is_not_told(visitor, customer):
    page = reverse("admin:auth_user_password_change", args=[customer.pk])
    typed = {"password1": "Canary-horse-9", "password2": "Canary-horse-9", "usable_password": "true"}

    visitor.post(page, typed)

    customer.refresh_from_db()
    [entry] = ActivityEntry.objects.filter(type="admin_changed")
    assert customer.check_password("Canary-horse-9")
    assert entry.details == {"fields": ["password"], "values": {}}
    assert not any(told in everything_written() for told in ("Canary", customer.password))


def test_a_venues_contact_is_named_but_not_told(visitor):
    venue = Venue.objects.create(name="The Anchor")
    shown = {name: getattr(venue, name) for name in ("kind", "status", "time_zone", "radius_meters")}
    hours = {"opening_hours-TOTAL_FORMS": "0", "opening_hours-INITIAL_FORMS": "0"}
    often = {"qr_gen_frequency_hours": "12", "check_in_hours": "6"}
    contact = {"contact_name": "Olive", "contact_email": "olive@example.com", "contact_phone": "07700900913"}

    visitor.post(
        reverse("admin:venues_venue_change", args=[venue.pk]), {**shown, **hours, **often, **contact, "name": "New"}
    )

    details = ActivityEntry.objects.get(type="admin_changed").details
    assert set(details["fields"]) == {"name", "qr_gen_frequency_hours", *contact}
    assert details["values"] == {"name": ["The Anchor", "New"], "qr_gen_frequency_hours": [24, 12]}


def test_an_action_of_the_admin_is_told_with_what_it_was(visitor, superuser):
    venue = Venue.objects.create(name="The Anchor")
    ticked = {"action": "suspend", "_selected_action": [venue.pk]}

    visitor.post(reverse("admin:venues_venue_changelist"), ticked)

    assert written() == [
        (
            "venue_status_changed",
            "root",
            "Changed a venue's status from active to suspended",
            "venue",
            str(venue.pk),
        ),
        ("admin_acted", "root", "In the admin: Suspend the selected.", "venue", str(venue.pk)),
    ]


def test_what_is_done_to_ice_breakers_in_the_admin(visitor):
    rows = "text,level,gender\nHello,1,any\nBold,5,male\n"
    visitor.post(
        reverse("admin:icebreakers_icebreaker_import_csv"), {"file": SimpleUploadedFile("rows.csv", rows.encode())}
    )
    first, second = IceBreaker.objects.order_by("id").values_list("pk", flat=True)
    for action, ticked in (("withhold", [first, second]), ("offer", [second])):
        visitor.post(reverse("admin:icebreakers_icebreaker_changelist"), {"action": action, "_selected_action": ticked})

    assert [(type, actor, summary, key) for type, actor, summary, _, key in written()] == [
        ("admin_acted", "root", "In the admin: Import from CSV: 2 imported.", ""),
        ("admin_acted", "root", "In the admin: Withhold the selected.", str(first)),
        ("admin_acted", "root", "In the admin: Withhold the selected.", str(second)),
        ("admin_acted", "root", "In the admin: Offer the selected.", str(second)),
    ]


IN_BROWSERS = pytest.mark.parametrize(
    ("login", "user_type", "surface"),
    [("/admin/login/", UserType.SUPERUSER, "admin"), ("/dashboard/login/", UserType.VENUE_OWNER, "dashboard")],
)


@IN_BROWSERS
def test_signing_in_in_a_browser(client, make_user, login, user_type, surface):
    user = make_user("someone", user_type)
    client.post(login, {"username": "someone", "password": "wrong"})
    client.post(login, {"username": "someone", "password": PASSWORD})

    about = ("user", str(user.pk))
    assert written() == [
        ("sign_in_failed", None, "Failed to sign in", *about),
        ("signed_in", "someone", f"Signed in on {surface}", *about),
    ]
    assert ActivityEntry.objects.get(type="signed_in").details == {}


class Refused(Exception):
    pass


@pytest.fixture
def refused_login():
    def refuse(**_):
        raise Refused

    user_logged_in.connect(refuse)
    yield
    user_logged_in.disconnect(refuse)


@IN_BROWSERS
def test_a_sign_in_in_a_browser_that_did_not_come_about_was_never_written(
    client, make_user, refused_login, login, user_type, surface
):
    make_user("someone", user_type)

    with pytest.raises(Refused):
        client.post(login, {"username": "someone", "password": PASSWORD})

    assert written() == []
    assert not BrowserSession.objects.exists()


@with_it(SignedIn)
def refuse_sign_in(event):
    if event.surface in REFUSING:
        raise Refused


@pytest.fixture
def refusing():
    yield REFUSING
    REFUSING.clear()


@IN_BROWSERS
def test_a_sign_in_in_a_browser_that_cannot_be_written_does_not_come_about(
    client, make_user, refusing, login, user_type, surface
):
    make_user("someone", user_type)
    refusing.append(surface)

    with pytest.raises(Refused):
        client.post(login, {"username": "someone", "password": PASSWORD})

    assert written() == []
    assert not BrowserSession.objects.exists()
