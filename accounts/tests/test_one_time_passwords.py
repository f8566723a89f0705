from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import settings as Settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import conftest
from accounts.errors import OneTimePasswordRefused
from accounts.models import OneTimePassword, User
from accounts.services.one_time_passwords import (
    Asker,
    find_unissued,
    issue_one_time_password,
    purge_one_time_passwords,
    request_one_time_password,
    use_one_time_password,
)
from core.errors import TooMany

START = "2024-06-01T12:00:00Z"
ADDRESS = "ann@example.com"


@pytest.fixture
def clock(db):
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def ask(clock, issued_codes):
    """Ask for a code and have the job make it; the code, or None where none was made."""

    def ask(email=ADDRESS, surface="pub", **asker):
        issued_codes.clear()
        asked = request_one_time_password(surface=surface, asker=Asker(email=email, **asker))
        issue_one_time_password(asked.pk)
        return issued_codes[0].code if issued_codes else None

    return ask


def use(code, email=ADDRESS, surface="pub"):
    return use_one_time_password(surface=surface, email=email, code=code)


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_lets_its_account_in_and_proves_the_address(ask, customer):
    code = ask()

    used = use(code)

    customer.customer_profile.refresh_from_db()
    assert used.user == customer
    assert len(code) == 6
    assert code.isdecimal()
    assert customer.customer_profile.is_verified
    assert customer.customer_profile.otp_validated


def test_the_code_is_stored_nowhere(ask, customer):
    code = ask()

    stored = OneTimePassword.objects.values_list().get()

    assert code not in [str(value) for value in stored]


def test_what_the_asker_gave_comes_back_with_the_code(clock, customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=ADDRESS), context={"var_id": "v2"})
    issue_one_time_password(asked.pk)

    assert use(issued_codes[0].code).context == {"var_id": "v2"}


def test_names_and_addresses_are_compared_without_case(ask, customer):
    assert use(ask(email="Ann@Example.COM", username="ANN"), email="ANN@example.com").user == customer


def test_a_code_serves_once(ask, customer):
    code = ask()
    use(code)

    with pytest.raises(OneTimePasswordRefused):
        use(code)


def test_a_wrong_code_is_refused_and_the_right_one_still_serves(ask, customer):
    code = ask()
    for _ in range(4):
        with pytest.raises(OneTimePasswordRefused):
            use(wrong(code))

    assert use(code).user == customer


def test_after_five_wrong_codes_the_right_one_is_refused(ask, customer):
    code = ask()
    for _ in range(5):
        with pytest.raises(OneTimePasswordRefused):
            use(wrong(code))

    with pytest.raises(OneTimePasswordRefused):
        use(code)


def test_a_code_lives_five_minutes(ask, customer, clock):
    code = ask()
    clock.shift(300)

    with pytest.raises(OneTimePasswordRefused):
        use(code)


def test_a_code_still_serves_in_its_last_second(ask, customer, clock):
    code = ask()
    clock.shift(299)

    assert use(code).user == customer


def test_a_new_code_voids_the_old_one(ask, customer, clock):
    old = ask()
    clock.shift(61)
    new = ask()

    if old != new:
        with pytest.raises(OneTimePasswordRefused):
            use(old)
    assert use(new).user == customer


def test_a_code_of_one_surface_is_not_accepted_by_another(ask, customer):
    code = ask(surface="pulse")

    with pytest.raises(OneTimePasswordRefused):
        use(code)

    assert use(code, surface="pulse").user == customer


@pytest.mark.parametrize(
    "asker",
    [
        {"email": "nobody@example.com"},
        {"username": "stranger"},
        {"username": "nobody"},
        {"username": "ann%"},
        {"user_type": "venue_owner"},
        {"email": "stranger@example.com", "username": "ann"},
        {"email": "olga@example.com", "username": "olga", "user_type": "customer"},
        {"email": "gone@example.com", "username": "gone"},
    ],
    ids=str,
)
def test_no_code_is_made_unless_all_is_one_active_accounts(ask, customer, stranger, owner, make_user, asker):
    make_user("gone", is_active=False)

    assert ask(**{"email": ADDRESS, **asker}) is None


def test_a_code_is_refused_to_who_was_deactivated_meanwhile(ask, customer):
    code = ask()
    User.objects.update(is_active=False)

    with pytest.raises(OneTimePasswordRefused):
        use(code)


def test_a_code_is_refused_once_the_address_is_no_longer_the_accounts(ask, customer):
    code = ask()
    User.objects.update(email="elsewhere@example.com")

    with pytest.raises(OneTimePasswordRefused):
        use(code)


def test_one_a_minute_and_five_an_hour(ask, customer, clock):
    ask()
    clock.shift(59)
    with pytest.raises(TooMany) as refusal:
        ask()
    assert refusal.value.retry_after == 1
    for _ in range(4):
        clock.shift(61)
        ask()
    clock.shift(61)

    with pytest.raises(TooMany) as refusal:
        ask()

    assert 3200 < refusal.value.retry_after < 3400


def test_addresses_are_limited_each_by_itself(ask, customer, stranger):
    assert ask() is not None
    assert ask(email="stranger@example.com") is not None


def test_a_refused_request_leaves_the_code_before_it_alone(ask, customer):
    code = ask()
    with pytest.raises(TooMany):
        ask()

    assert use(code).user == customer


def test_the_job_makes_one_code_however_often_it_runs(clock, customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=ADDRESS))
    issue_one_time_password(asked.pk)
    issue_one_time_password(asked.pk)

    assert len(issued_codes) == 1
    assert use(issued_codes[0].code).user == customer


def test_a_lost_job_is_found_by_the_sweep(clock, customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=ADDRESS))

    assert find_unissued() == [asked.pk]
    issue_one_time_password(asked.pk)
    assert find_unissued() == []


def test_the_job_makes_no_code_that_is_too_late_or_voided(clock, customer, issued_codes):
    voided = request_one_time_password(surface="pub", asker=Asker(email=ADDRESS))
    clock.shift(61)
    late = request_one_time_password(surface="pub", asker=Asker(email=ADDRESS))
    clock.shift(301)

    issue_one_time_password(voided.pk)
    issue_one_time_password(late.pk)

    assert issued_codes == []
    assert find_unissued() == []


def test_old_codes_are_forgotten(ask, customer, clock):
    ask()
    clock.shift(timedelta(days=1, minutes=6))

    assert purge_one_time_passwords() == 1


@pytest.mark.parametrize("code", ["", "0", "00000", "0000000", "abcdef", "１２３４５６", "x" * 10_000])
def test_what_is_no_code_is_refused(ask, customer, code):
    ask()

    with pytest.raises(OneTimePasswordRefused):
        use(code)


@pytest.mark.parametrize("email", [ADDRESS, "nobody@example.com"])
def test_asking_and_trying_take_the_same_queries_for_known_and_unknown(
    clock, customer, email, django_assert_num_queries
):
    with django_assert_num_queries(6):
        asked = request_one_time_password(surface="pub", asker=Asker(email=email))
    issue_one_time_password(asked.pk)

    with django_assert_num_queries(6), pytest.raises(OneTimePasswordRefused):
        use("no code", email=email)


@pytest.mark.parametrize("email", [ADDRESS, "nobody@example.com"])
def test_trying_without_asking_takes_the_same_queries_for_known_and_unknown(
    clock, customer, email, django_assert_num_queries
):
    with django_assert_num_queries(5), pytest.raises(OneTimePasswordRefused):
        use("no code", email=email)


class OneTimePasswords(RuleBasedStateMachine):
    """Asking, trying, waiting and being switched off in any order, against what the contract says in ten lines."""

    ADDRESSES = ("a@example.com", "b@example.com", "nobody@example.com")
    SURFACES = ("pub", "pulse")

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.now = self.clock.start()
        self.time = 0
        self.live = {}
        self.asked_at = {}
        self.active = {"a@example.com": True, "b@example.com": True}
        self.let_in = 0
        for email in self.active:
            User.objects.create_user(email[0], email, user_type_id="customer")

    def teardown(self):
        self.clock.stop()
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @rule(email=st.sampled_from(ADDRESSES), surface=st.sampled_from(SURFACES))
    def ask(self, email, surface):
        recent = [at for at in self.asked_at.get(email, []) if at > self.time - 60]
        try:
            asked = request_one_time_password(surface=surface, asker=Asker(email=email))
        except TooMany:
            assert recent or len(self.asked_at[email]) >= 5
            return
        assert not recent
        self.asked_at.setdefault(email, []).append(self.time)
        conftest.ISSUED.clear()
        issue_one_time_password(asked.pk)
        assert bool(conftest.ISSUED) == self.active.get(email, False)
        self.live[email, surface] = (
            {"code": conftest.ISSUED[0].code, "at": self.time, "tries": 0} if conftest.ISSUED else None
        )

    @rule(email=st.sampled_from(ADDRESSES), surface=st.sampled_from(SURFACES), how=st.sampled_from(["right", "wrong"]))
    def attempt(self, email, surface, how):
        code = self.live.get((email, surface))
        offered = (code["code"] if how == "right" else wrong(code["code"])) if code else "000000"
        expected = bool(code) and how == "right" and self.is_good(email, code)
        if code:
            code["tries"] += 1
        try:
            used = use_one_time_password(surface=surface, email=email, code=offered)
        except OneTimePasswordRefused:
            assert not expected
            return
        assert expected
        assert used.user.email == email
        self.let_in += 1
        self.live[email, surface] = None

    def is_good(self, email, code):
        return code["tries"] < 5 and self.time - code["at"] < 300 and self.active[email]

    @rule(seconds=st.sampled_from([1, 30, 60, 61, 240, 300, 3600]))
    def wait(self, seconds):
        self.time += seconds
        self.now.shift(seconds)

    @precondition(lambda self: all(self.active.values()))
    @rule(email=st.sampled_from(ADDRESSES[:2]))
    def switch_off(self, email):
        User.objects.filter(email=email).update(is_active=False)
        self.active[email] = False

    @invariant()
    def as_many_are_used_as_were_let_in(self):
        assert OneTimePassword.objects.exclude(used_at=None).count() == self.let_in

    @invariant()
    def nothing_is_judged_more_than_five_times(self):
        assert not OneTimePassword.objects.filter(tries__gt=5).exists()


def test_one_time_passwords_in_any_order(db):
    settings = Settings(max_examples=20, stateful_step_count=25, deadline=None, derandomize=True, database=None)

    run_state_machine_as_test(OneTimePasswords, settings=settings)
