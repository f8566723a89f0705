import pytest

from accounts.errors import NameTaken
from accounts.models import User
from accounts.services.privacy import anonymise_account
from accounts.services.registration import (
    AccountDetails,
    ProfileDetails,
    create_customer,
    deactivate_user,
    update_account,
)
from conftest import open_pub_session
from core.errors import NotFound


def test_a_customer_without_a_password_cannot_sign_in_by_one(db):
    user = create_customer(
        details=AccountDetails("john", "John@example.com", first_name="John"), profile=ProfileDetails(), password=None
    )

    stored = User.objects.get()
    assert (stored, stored.email, stored.customer_profile.name) == (user, "john@example.com", "John")
    assert not stored.has_usable_password()


def test_who_left_meanwhile_is_not_changed(customer):
    anonymise_account(user=customer, by=customer)

    with pytest.raises(NotFound):
        update_account(account=customer, changes={"email": "ann@example.com"}, profile_changes={"name": "Ann"})

    stored = User.objects.get()
    assert (stored.email.endswith("@deleted.invalid"), stored.customer_profile.name) == (True, "")


def test_a_refused_change_changes_nothing(customer, stranger):
    with pytest.raises(NameTaken) as refusal:
        update_account(
            account=customer, changes={"first_name": "A", "username": "STRANGER"}, profile_changes={"name": "A"}
        )

    customer.refresh_from_db()
    assert refusal.value.fields == {"username": ["This username is taken."]}
    assert (customer.first_name, customer.customer_profile.name) == ("", "Ann")


def test_being_made_active_again_revives_no_session(customer):
    session = open_pub_session(customer).session
    deactivate_user(user=customer)

    User.objects.update(is_active=True)

    session.refresh_from_db()
    assert session.revoked_at is not None
