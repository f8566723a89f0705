import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from accounts.errors import AlreadyJoined, InvitationOver, NameTaken, PasswordRefused
from accounts.events import EmailProved, InvitationAccepted, UserInvited
from accounts.models import Invitation, Session, User, UserType
from accounts.services.invitations import (
    accept_invitation,
    get_open_invitation,
    invite_new_user,
    invite_user,
    purge_invitations,
)
from accounts.services.passwords import change_password
from accounts.services.privacy import anonymise_account, export_account
from accounts.services.registration import AccountDetails, deactivate_user
from conftest import open_pub_session
from core.errors import NotFound
from core.events import with_it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
NEW = "Quite-new-horse-5"
VERA = AccountDetails(username="vera", email="Vera@example.com")
ANNOUNCED: list = []
with_it(UserInvited)(ANNOUNCED.append)
with_it(InvitationAccepted)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


@pytest.fixture
def invited(superuser, announced):
    """The token that was mailed, of an account that was made at noon."""
    with time_machine.travel(NOON, tick=False):
        invite_new_user(details=VERA, user_type=UserType.VENDOR, by=superuser)
    return announced[0].token


def vera() -> User:
    return User.objects.get(username="vera")


def test_an_invited_account_has_no_password_and_its_token_is_stored_as_a_hash(invited, superuser, announced):
    invitation = Invitation.objects.get()

    assert (vera().has_usable_password(), vera().user_type_id, vera().email) == (False, "vendor", "vera@example.com")
    assert announced == [
        UserInvited(vera().pk, superuser.pk, "vera@example.com", "vera", invited, expires_at=NOON + WEEK)
    ]
    assert invited not in str(Invitation.objects.values().get())
    assert len(invited) >= 43
    assert (invitation.invited_by, invitation.expires_at) == (superuser, NOON + WEEK)


@time_machine.travel(NOON + WEEK - timedelta(seconds=1), tick=False)
def test_the_link_sets_the_password_once(invited, announced):
    accept_invitation(token=invited, password=NEW)
    with pytest.raises(InvitationOver):
        accept_invitation(token=invited, password="Another-horse-8")

    assert vera().check_password(NEW)
    assert announced[1:] == [InvitationAccepted(user_id=vera().pk)]


@time_machine.travel(NOON + WEEK, tick=False)
def test_the_link_runs_out(invited):
    for attempt in (get_open_invitation, lambda token: accept_invitation(token=token, password=NEW)):
        with pytest.raises(InvitationOver):
            attempt(invited)

    assert not vera().has_usable_password()


@pytest.mark.parametrize("token", ["", "x", "no such token", "ü" * 50, "x" * 10_000])
def test_what_is_no_token_is_not_found(token, invited):
    with pytest.raises(NotFound):
        accept_invitation(token=token, password=NEW)


@time_machine.travel(NOON, tick=False)
def test_a_bad_password_leaves_the_link_open(invited):
    with pytest.raises(PasswordRefused) as refusal:
        accept_invitation(token=invited, password="vera")

    assert set(refusal.value.fields) == {"password"}
    accept_invitation(token=invited, password=NEW)
    assert vera().check_password(NEW)


@time_machine.travel(NOON, tick=False)
def test_the_link_proves_the_address_it_was_mailed_to(invited, proved_addresses):
    accept_invitation(token=invited, password=NEW)

    assert proved_addresses == [EmailProved(user_id=vera().pk, email="vera@example.com")]


@time_machine.travel(NOON, tick=False)
def test_a_link_that_was_mailed_elsewhere_proves_nothing_of_the_address(invited, proved_addresses):
    User.objects.filter(pk=vera().pk).update(email="elsewhere@example.com")

    accept_invitation(token=invited, password=NEW)

    assert vera().check_password(NEW)
    assert proved_addresses == []


@time_machine.travel(NOON, tick=False)
def test_a_later_link_ends_the_one_before(invited, superuser, announced):
    invite_user(user=vera(), by=superuser)

    with pytest.raises(InvitationOver):
        accept_invitation(token=invited, password=NEW)
    accept_invitation(token=announced[1].token, password=NEW)
    assert vera().check_password(NEW)


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda user: deactivate_user(user=user),
        lambda user: change_password(user=user, new_password="Another-horse-8"),
    ],
    ids=["deactivated", "given a password"],
)
def test_what_happened_meanwhile_ends_the_link(meanwhile, invited):
    meanwhile(vera())

    with pytest.raises(InvitationOver):
        accept_invitation(token=invited, password=NEW)

    assert not vera().check_password(NEW)


@time_machine.travel(NOON, tick=False)
def test_who_signed_in_otherwise_is_out(invited):
    open_pub_session(vera())

    accept_invitation(token=invited, password=NEW)

    assert Session.objects.get().revoked_at == NOON


def test_who_has_a_password_or_is_not_active_is_not_invited(customer, make_user, superuser):
    with pytest.raises(AlreadyJoined):
        invite_user(user=customer, by=superuser)
    with pytest.raises(NotFound):
        invite_user(user=make_user("gone", is_active=False), by=superuser)

    assert not Invitation.objects.exists()


def test_a_name_that_is_taken_invites_nobody(customer, superuser):
    details = AccountDetails(username="ANN", email="ann@example.com")

    with pytest.raises(NameTaken) as refusal:
        invite_new_user(details=details, user_type=UserType.SUPPORT, by=superuser)

    assert set(refusal.value.fields) == {"username", "email"}
    assert not Invitation.objects.exists()


def test_leaving_forgets_invitations_and_the_export_has_them(invited):
    held = export_account(vera())["invitations"]

    anonymise_account(user=vera(), by=vera())

    address = "vera@example.com"
    assert held == [{"email": address, "created_at": NOON, "expires_at": NOON + WEEK, "used_at": None}]
    assert not Invitation.objects.exists()


def test_old_invitations_are_forgotten(invited):
    with time_machine.travel(NOON + WEEK + timedelta(days=30), tick=False):
        assert purge_invitations() == 0
    with time_machine.travel(NOON + WEEK + timedelta(days=30, seconds=1), tick=False):
        assert purge_invitations() == 1


def test_the_admin_invites_and_sends_another_link(visitor, make_user, announced):
    user = make_user("vic", UserType.VENDOR)
    user.set_unusable_password()
    user.save()

    visitor.post(reverse("admin:accounts_user_invite", args=[user.pk]), {"_form_submitted": "on"})
    invitation = Invitation.objects.get()
    ticked = {"action": "resend", "_selected_action": [invitation.pk]}
    visitor.post(reverse("admin:accounts_invitation_changelist"), ticked)

    assert [event.user_id for event in announced] == [user.pk, user.pk]
    with pytest.raises(InvitationOver):
        get_open_invitation(announced[0].token)
    assert get_open_invitation(announced[1].token).user == user


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_many_who_come_with_one_link_one_sets_the_password(superuser, announced):
    invite_new_user(details=VERA, user_type=UserType.VENDOR, by=superuser)
    start = threading.Barrier(8)

    def accept(number):
        try:
            accept_invitation(token=announced[0].token, password=f"Quite-new-horse-{number}")
        except InvitationOver:
            return None
        else:
            return number
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(8, initializer=start.wait) as pool:
        outcomes = Counter(pool.map(accept, range(16)))

    [winner] = [number for number in outcomes if number is not None]
    assert outcomes == {winner: 1, None: 15}
    assert vera().check_password(f"Quite-new-horse-{winner}")
