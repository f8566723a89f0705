"""Offers driven at random against a plain account of what should happen.

200 runs of 50 steps: `pytest offers/tests/test_offer_machine.py --hypothesis-profile=thorough`.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User, UserType
from core.errors import DomainError
from offers.models import Offer, Redemption
from offers.services import change_offer, create_offer, delete_offer, redeem_offer
from venues.models import Certainty, Venue
from venues.services.presence import check_in_by_claim, check_out

START = datetime(2026, 3, 1, 18, tzinfo=UTC)
STAY = timedelta(hours=6)
GUESTS = range(3)
VENUES = range(2)


class OfferMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.now = START
        self.owner = self.make_user("olga", UserType.VENUE_OWNER)
        self.guests = [self.make_user(f"guest{number}", UserType.CUSTOMER) for number in GUESTS]
        self.venues = [Venue.objects.create(name=f"Venue {number}", owner=self.owner) for number in VENUES]
        self.whereabouts = {}
        self.redeemed = Counter()

    def make_user(self, name, user_type):
        return User.objects.create(username=name, email=f"{name}@example.com", user_type_id=user_type)

    def teardown(self):
        self.clock.stop()
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(
        quota=st.none() | st.integers(1, 4),
        limit=st.integers(1, 3),
        starts_in=st.sampled_from([0, 0, 0, 2]),
        required=st.sampled_from(["claimed", "claimed", "claimed", "qr"]),
    )
    def create(self, quota, limit, starts_in, required):
        starts_at = START + timedelta(hours=starts_in)
        fields = {
            "title": "First drink on us",
            "starts_at": starts_at,
            "expires_at": starts_at + timedelta(hours=12),
            "total_quota": quota,
            "per_customer_limit": limit,
            "presence_required": required,
        }
        self.offer = create_offer(venue_id=self.venues[0].pk, fields=fields, by=self.owner)
        self.quota, self.limit, self.required, self.state = quota, limit, required, "standing"
        for guest in GUESTS:
            self.come(guest, 0)

    @rule(guest=st.sampled_from(GUESTS), venue=st.sampled_from(VENUES))
    def come_to(self, guest, venue):
        self.come(guest, venue)

    def come(self, guest, venue):
        check_in_by_claim(user=self.guests[guest], venue_id=self.venues[venue].pk)
        self.whereabouts[guest] = (venue, self.now + STAY)

    @rule(guest=st.sampled_from(GUESTS))
    def leave(self, guest):
        check_out(user=self.guests[guest])
        self.whereabouts.pop(guest, None)

    @rule(minutes=st.sampled_from([1, 60, 359, 360]))
    def let_time_pass(self, minutes):
        self.now += timedelta(minutes=minutes)
        self.traveller.move_to(self.now, tick=False)

    @rule(guests=st.lists(st.sampled_from(GUESTS), min_size=1, max_size=4))
    def redeem_in_turn(self, guests):
        for guest in guests:
            self.redeem(guest)

    def redeem(self, guest):
        expected = self.expected_of_redeeming(guest)

        outcome = outcome_of(lambda: redeem_offer(offer_id=self.offer.pk, by=self.guests[guest]))

        assert outcome == expected
        if outcome == "done":
            self.redeemed[guest] += 1

    def expected_of_redeeming(self, guest):
        venue, until = self.whereabouts.get(guest, (None, self.now))
        refusals = {
            "not_found": self.state != "standing",
            "not_started": self.now < self.offer.starts_at,
            "expired": self.now >= self.offer.expires_at,
            "not_at_venue": venue != 0 or until <= self.now,
            "presence_too_weak": self.required != Certainty.CLAIMED,
            "already_redeemed": self.redeemed[guest] >= self.limit,
            "sold_out": self.quota is not None and self.redeemed.total() >= self.quota,
        }
        return next((code for code, holds in refusals.items() if holds), "done")

    @rule(quota=st.none() | st.integers(1, 6))
    def change_quota(self, quota):
        is_too_low = quota is not None and quota < self.redeemed.total()
        expected = "quota_below_redeemed" if is_too_low else "done"

        outcome = outcome_of(lambda: self.change({"total_quota": quota}))

        assert outcome == ("not_found" if self.state != "standing" else expected)
        if outcome == "done":
            self.quota = quota

    @rule()
    def ask_for_less(self):
        if outcome_of(lambda: self.change({"presence_required": Certainty.CLAIMED})) == "done":
            self.required = Certainty.CLAIMED

    def change(self, changes):
        change_offer(offer_id=self.offer.pk, changes=changes, venue_id=None, by=self.owner)

    @precondition(lambda self: self.now > START + timedelta(hours=5))
    @rule()
    def delete(self):
        outcome = outcome_of(lambda: delete_offer(offer_id=self.offer.pk, by=self.owner))

        assert outcome == ("done" if self.state == "standing" else "not_found")
        if outcome == "done":
            self.state = "withdrawn" if self.redeemed.total() else "deleted"

    @invariant()
    def rows_and_counter_agree_with_the_account(self):
        stored = Offer.objects.filter(pk=self.offer.pk).values_list("redeemed_count", "total_quota").first()
        rows = Counter(Redemption.objects.filter(offer_id=self.offer.pk).values_list("customer_id", flat=True))

        assert stored == (None if self.state == "deleted" else (self.redeemed.total(), self.quota))
        assert rows == {self.guests[guest].pk: times for guest, times in self.redeemed.items() if times}
        assert self.quota is None or rows.total() <= self.quota
        assert all(times <= self.limit for times in rows.values())


def outcome_of(act):
    """`done`, or the code of the refusal."""
    try:
        act()
    except DomainError as refusal:
        return refusal.code
    return "done"


@pytest.mark.django_db
def test_offers_do_what_a_plain_account_says():
    run_state_machine_as_test(OfferMachine)
