"""Which account a verified identity is."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.errors import AccountNotAdmitted, NameTaken
from accounts.events import EmailProved
from accounts.models import CustomerProfile, ExternalIdentity, OneTimePassword, User
from accounts.services import external_identities
from accounts.services.external_identities import VerifiedIdentity, get_account_of
from core.errors import Conflict

ISSUER = "https://accounts.example.com"


def identity(subject="1", email="zoe@example.com", **names) -> VerifiedIdentity:
    return VerifiedIdentity(ISSUER, subject, email, **names)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("zoe@example.com", "zoe"),
        ("zoe.m+pub_1-x@example.com", "zoe.m+pub_1-x"),
        ("o'brien@example.com", "obrien"),
        ("zoë@example.com", "zoe"),
        ("!#$%@example.com", "guest"),
        ('"a b"@example.com', "ab"),
        ("x" * 64 + "@example.com", "x" * 64),
    ],
)
def test_the_username_is_the_addresss_local_part_as_far_as_allowed(email, username):
    user = get_account_of(identity(email=email))

    user.full_clean(exclude=["password", "email"])
    assert user.username == username


@pytest.mark.django_db
def test_a_taken_username_gets_a_suffix(make_user):
    make_user("ZOE")

    users = [get_account_of(identity(str(number), f"zoe@{number}.example.com")) for number in range(3)]

    assert all(user.username.startswith("zoe-") and len(user.username) == len("zoe-") + 8 for user in users)
    assert len({user.username for user in users}) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({}, "zoe"),
        ({"first_name": "Zoe"}, "Zoe"),
        ({"name": "Zoe M.", "first_name": "Zoe", "last_name": "Miller"}, "Zoe M."),
        ({"name": "N" * 150, "first_name": "F" * 150, "last_name": "L" * 150}, "N" * 100),
        ({"first_name": "F" * 150}, "F" * 100),
    ],
)
def test_a_new_customer_is_shown_by_the_best_name_there_is(names, shown):
    user = get_account_of(identity(**names))

    profile = CustomerProfile.objects.get()
    assert (profile.user, profile.name, profile.is_verified, profile.otp_validated) == (user, shown, True, False)
    assert (user.first_name, user.last_name) == (names.get("first_name", ""), names.get("last_name", ""))


@pytest.mark.django_db
def test_the_same_subject_of_another_issuer_is_somebody_else():
    here = get_account_of(identity())
    there = get_account_of(VerifiedIdentity("https://elsewhere.example.com", "1", "other@example.com"))

    assert here != there


@pytest.mark.django_db
def test_a_refused_join_changes_nothing(make_user):
    owner = make_user("zoe", "venue_owner")

    with pytest.raises(AccountNotAdmitted):
        get_account_of(identity())

    assert not ExternalIdentity.objects.exists()
    assert User.objects.get().password == owner.password


@pytest.mark.django_db
def test_joining_an_unproved_account_voids_the_codes_its_maker_asked_for(make_user):
    zoe = make_user("zoe")
    asked = OneTimePassword.objects.create(
        surface="pub", email="maker@example.com", user=zoe, expires_at="2099-01-01T00:00:00Z"
    )

    get_account_of(identity())

    asked.refresh_from_db()
    assert asked.voided_at is not None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("known", [False, True])
def test_first_logins_at_the_same_moment_end_in_one_account(known, make_user):
    if known:
        make_user("zoe")
    at_once, found = Barrier(8), []

    def sign_in():
        try:
            at_once.wait()
            found.append(get_account_of(identity()).pk)
        finally:
            connection.close()

    threads = [Thread(target=sign_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [User.objects.get().pk] * 8
    assert ExternalIdentity.objects.count() == CustomerProfile.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_people_with_the_same_local_part_at_the_same_moment_get_a_name_each(django_user_model):
    at_once = Barrier(6)

    def sign_in(number):
        try:
            at_once.wait()
            get_account_of(identity(str(number), f"zoe@{number}.example.com"))
        finally:
            connection.close()

    threads = [Thread(target=sign_in, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    usernames = set(django_user_model.objects.values_list("username", flat=True))
    assert len(usernames) == 6
    assert "zoe" in usernames


@pytest.mark.django_db
def test_a_verified_address_is_proved_whether_its_account_is_new_joined_or_known(customer, proved_addresses):
    new = get_account_of(identity("1"))
    get_account_of(identity("2", "ann@example.com"))
    get_account_of(identity("2", "ann@example.com"))

    anns = EmailProved(user_id=customer.pk, email="ann@example.com")
    assert proved_addresses == [EmailProved(user_id=new.pk, email="zoe@example.com"), anns, anns]


@pytest.mark.django_db
def test_another_address_at_the_provider_proves_nothing_of_the_accounts(customer, proved_addresses):
    get_account_of(identity("2", "ann@example.com"))
    User.objects.filter(pk=customer.pk).update(email="elsewhere@example.com")
    proved_addresses.clear()

    assert get_account_of(identity("2", "ann@example.com")) == customer
    assert proved_addresses == []


@pytest.mark.django_db
def test_who_loses_every_race_is_asked_to_come_again(monkeypatch):
    def lose(identity):
        raise NameTaken

    monkeypatch.setattr(external_identities, "_register", lose)

    with pytest.raises(Conflict) as refusal:
        get_account_of(identity())

    assert refusal.value.retry_after == 1
    assert not User.objects.exists()
