from datetime import timedelta
from decimal import Decimal
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from activity.models import ActivityEntry
from billing.models import Coupon, CouponRedemption, Payment, Refund, Subscription
from billing.selectors import live_subscriptions_by_plan, revenue_by_day
from billing.services.subscriptions import settle_periods_that_ended
from chat.models import Message
from chat.selectors.history import Window, channel_history, find_in_workspace
from chat.services.changes import edit_message
from config.contracts.pulseboard import PULSEBOARD
from demo.management.commands.load_demo_data import load
from notifications.selectors.inbox import count_unread
from offers.api.pub import DELETE_EXAMPLE, REDEEM_EXAMPLE
from offers.selectors import get_standing_offer
from venues.models import Venue
from workspaces.selectors import channels_open_among, workspaces_of

pytestmark = pytest.mark.django_db


def run() -> str:
    output = StringIO()
    call_command("load_demo_data", stdout=output)
    return output.getvalue()


def test_demo_data_refuses_outside_debug():
    with pytest.raises(CommandError, match="only where DEBUG is on"):
        run()

    assert not User.objects.exists()


def test_demo_data_refuses_a_database_that_holds_other_data(settings, customer):
    settings.DEBUG = True

    with pytest.raises(CommandError, match="holds other data"):
        run()

    assert User.objects.get() == customer


@pytest.mark.django_db(reset_sequences=True, serialized_rollback=True)
def test_demo_data_loads_once_and_new_rows_are_numbered_behind_it(settings):
    settings.DEBUG = True
    load()
    users = User.objects.count()

    assert run() == "Demo data is already there.\n"
    assert User.objects.count() == users
    assert Venue.objects.create(name="The fifth").pk == 5
    assert User.objects.create_user("new", "new@example.com", "x", user_type_id="customer").pk == users + 1


def test_every_customer_and_owner_of_the_documents_can_sign_in():
    load()

    passwords = {f"c{number}": "abcd@123" for number in range(1, 6)} | {
        **dict.fromkeys(("owner1", "support1", "vendor1"), "abcd@123"),
        "admin": "admin",
    }
    assert all(User.objects.get(username=name).check_password(password) for name, password in passwords.items())
    assert User.objects.get(pk=1).username == "c1"


def test_the_offers_that_the_api_examples_name_are_at_venue_3():
    load()

    named = [REDEEM_EXAMPLE["offer_id"], DELETE_EXAMPLE["id"]]
    assert [get_standing_offer(UUID(offer_id)).venue_id for offer_id in named] == [3, 3]


def test_every_month_of_a_year_has_payments_and_the_log_tells_of_them():
    load()

    now = timezone.now()
    months = {(one.day.year, one.day.month) for one in revenue_by_day(since=now - timedelta(days=365), until=now)}
    assert len(months) >= 12
    assert ActivityEntry.objects.filter(type="payment_recorded").count() == Payment.objects.count()
    times = list(ActivityEntry.objects.order_by("id").values_list("at", flat=True))
    assert times == sorted(times)
    assert times[-1] <= now


def test_the_venues_subscriptions_stand_as_the_api_examples_say():
    load()

    standing = Subscription.objects.order_by("id").values_list("id", "subscriber__venue", "plan__name", "status")
    assert list(standing) == [
        (1, 1, "Basic", "active"),
        (2, 2, "Basic", "cancelled"),
        (3, 3, "Premium", "active"),
        (4, 4, "Premium", "past_due"),
    ]
    assert [share.subscriptions for share in live_subscriptions_by_plan()] == [1, 2]


def test_what_was_redeemed_and_refunded_adds_up():
    load()

    for coupon in Coupon.objects.all():
        assert coupon.redeemed_count == CouponRedemption.objects.filter(coupon=coupon).count()
    back = Payment.objects.filter(refunded__gt=0).values_list("refunded", flat=True)
    assert list(back) == list(Refund.objects.values_list("amount", flat=True)) == [Decimal("10.00")]
    assert settle_periods_that_ended() == 0


def test_the_workspace_of_pulseboards_examples_has_its_people_and_channels():
    load()

    ids = [User.objects.get(username=name).pk for name in ("c1", "c2", "c3", "c4", "c5")]
    assert channels_open_among(ids, [1, 2]) == {(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)}
    assert [workspace.name for workspace in workspaces_of(User.objects.get(username="c1"))] == ["Engineering Team"]


def test_what_was_said_in_the_workspace_can_be_read_found_and_edited_and_c1_has_been_mentioned():
    load()
    c1 = User.objects.get(username="c1")

    said = channel_history(c1, 1, Window(limit=50)).messages
    last = Message.objects.get(pk=PULSEBOARD.path_examples["message_id"])
    found = find_in_workspace(c1, 1, str(PULSEBOARD.path_examples["q"]))

    assert [message.seq for message in said] == list(range(1, 14))
    assert (said[0].body, said[-1]) == ("Hello team!", last)
    assert edit_message(message_id=last.pk, by=c1, body="Hello everyone!").body == "Hello everyone!"
    assert found
    assert count_unread(c1) == 1
