from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import CustomerProfile, Session, User, UserType
from conftest import PASSWORD, MakeUser, open_pub_session

NEW = {
    "username": "nora",
    "email": "Nora@Example.com",
    "first_name": "Nora",
    "last_name": "Lund",
    "gender": "female",
    "user_type": UserType.CUSTOMER,
    "usable_password": "true",
    "password1": PASSWORD,
    "password2": PASSWORD,
}
ADD = "admin:accounts_user_add"
LIST = "admin:accounts_user_changelist"


def url_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def filled(user: User, **changes: Any) -> dict[str, Any]:
    """The user's form as a browser sends it, with `changes`; an unticked box is not sent."""
    values = {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "gender": user.gender,
        "user_type": user.user_type_id,
        "is_active": "on",
        "customer_profile-TOTAL_FORMS": "0",
        "customer_profile-INITIAL_FORMS": "0",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def act(client: Client, action: str, *users: User) -> Any:
    return client.post(reverse(LIST), {"action": action, "_selected_action": [user.pk for user in users]}, follow=True)


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.VENUE_OWNER, UserType.VENDOR, UserType.SUPERUSER])
def test_an_account_of_any_type_is_made(user_type: str, visitor: Client) -> None:
    visitor.post(reverse(ADD), NEW | {"user_type": user_type})

    made = User.objects.get(username="nora")
    is_superuser = user_type == UserType.SUPERUSER
    assert (made.email, made.user_type_id, made.first_name) == ("nora@example.com", user_type, "Nora")
    assert (made.is_superuser, made.is_staff, made.is_active) == (is_superuser, is_superuser, True)
    assert made.check_password(PASSWORD)
    assert CustomerProfile.objects.filter(user=made, name="Nora").exists() == (user_type == UserType.CUSTOMER)


def test_an_account_can_be_made_without_a_password(visitor: Client) -> None:
    visitor.post(reverse(ADD), NEW | {"usable_password": "false", "password1": "", "password2": ""})

    assert not User.objects.get(username="nora").has_usable_password()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ANN"}, "username"),
        ({"email": "ANN@example.com"}, "email"),
        ({"username": "a\0b"}, "username"),
        ({"username": "späte"}, "username"),
        ({"email": "nobody"}, "email"),
        ({"user_type": "emperor"}, "user_type"),
        ({"user_type": ""}, "user_type"),
        ({"gender": "x"}, "gender"),
        ({"password2": "another"}, "password2"),
        ({"password1": "short", "password2": "short"}, "password2"),
        ({"password1": "", "password2": ""}, "password1"),
    ],
)
def test_a_bad_account_is_refused_beside_its_field(
    changes: dict[str, str], field: str, customer: User, visitor: Client
) -> None:
    response = visitor.post(reverse(ADD), NEW | changes)

    assert next(iter(errors_of(response))) == field
    assert User.objects.count() == 2


def test_details_are_changed(customer: User, visitor: Client) -> None:
    CustomerProfile.objects.filter(user=customer).update(is_verified=True)

    visitor.post(url_of(customer), filled(customer, username="anna", email="Anna@Example.com"))

    customer.refresh_from_db()
    assert (customer.username, customer.email) == ("anna", "anna@example.com")
    assert customer.customer_profile.is_verified is False


def test_a_taken_name_is_refused_and_what_was_typed_stays(customer: User, stranger: User, visitor: Client) -> None:
    response = visitor.post(url_of(customer), filled(customer, username="STRANGER", first_name="Anna"))

    assert errors_of(response) == {"username": ["This username is taken."]}
    assert response.context["adminform"].form["first_name"].value() == "Anna"
    customer.refresh_from_db()
    assert (customer.username, customer.first_name) == ("ann", "")


def test_the_profile_is_changed_on_the_same_page(customer: User, visitor: Client) -> None:
    profile = customer.customer_profile
    rows = {
        "customer_profile-TOTAL_FORMS": "1",
        "customer_profile-INITIAL_FORMS": "1",
        "customer_profile-0-id": profile.pk,
        "customer_profile-0-user": customer.pk,
        "customer_profile-0-name": "Ann of old",
        "customer_profile-0-one_line_desc": "Here",
        "customer_profile-0-interests": '["Music"]',
    }

    refused = visitor.post(
        url_of(customer), filled(customer, **rows | {"customer_profile-0-interests": '["a\\u0000"]'})
    )
    visitor.post(url_of(customer), filled(customer, **rows))

    profile.refresh_from_db()
    assert refused.status_code == 200
    assert (profile.name, profile.one_line_desc, profile.interests) == ("Ann of old", "Here", ["Music"])


def test_deactivating_ends_all_sessions(customer: User, visitor: Client) -> None:
    open_pub_session(customer)

    visitor.post(url_of(customer), filled(customer, is_active=None))

    customer.refresh_from_db()
    assert customer.is_active is False
    assert not Session.objects.filter(user=customer, revoked_at=None).exists()

    visitor.post(url_of(customer), filled(customer))

    customer.refresh_from_db()
    assert customer.is_active is True


def test_a_new_type_ends_sessions_and_gives_a_customer_a_profile(make_user: MakeUser, visitor: Client) -> None:
    vendor = make_user("vera", UserType.VENDOR)
    open_pub_session(vendor)

    visitor.post(url_of(vendor), filled(vendor, user_type=UserType.CUSTOMER))

    vendor.refresh_from_db()
    assert (vendor.user_type_id, vendor.customer_profile.name) == (UserType.CUSTOMER, "vera")
    assert not Session.objects.filter(user=vendor, revoked_at=None).exists()


def test_a_superuser_is_made_and_unmade_whole(customer: User, visitor: Client) -> None:
    visitor.post(url_of(customer), filled(customer, user_type=UserType.SUPERUSER))
    customer.refresh_from_db()
    raised = (customer.is_superuser, customer.is_staff)
    visitor.post(url_of(customer), filled(customer, user_type=UserType.SUPPORT))

    customer.refresh_from_db()
    assert raised == (True, True)
    assert (customer.is_superuser, customer.is_staff) == (False, False)


@pytest.mark.parametrize("changes", [{"is_active": None}, {"user_type": UserType.CUSTOMER}])
def test_nobody_shuts_themselves_out(changes: dict[str, Any], superuser: User, visitor: Client) -> None:
    response = visitor.post(url_of(superuser), filled(superuser, **changes))

    assert errors_of(response) == {"__all__": ["You cannot do this to yourself."]}
    superuser.refresh_from_db()
    assert (superuser.is_active, superuser.user_type_id) == (True, UserType.SUPERUSER)


def test_who_has_left_is_only_looked_at(customer: User, visitor: Client) -> None:
    reply = visitor.post(reverse("admin:accounts_user_forget", args=[customer.pk]), {"_form_submitted": "on"})

    customer.refresh_from_db()
    assert reply["HX-Redirect"] == url_of(customer)
    assert customer.anonymised_at is not None
    assert visitor.post(url_of(customer), filled(customer)).status_code == 403
    assert told(act(visitor, "activate", customer))[-1] == f"{customer.username}: Not found."


def test_an_action_is_not_carried_out_by_looking(customer: User, visitor: Client) -> None:
    asked = visitor.get(reverse("admin:accounts_user_forget", args=[customer.pk]))

    customer.refresh_from_db()
    assert "are wiped for good" in asked.content.decode()
    assert customer.anonymised_at is None


def test_selected_users_are_deactivated_but_not_oneself(customer: User, superuser: User, visitor: Client) -> None:
    response = act(visitor, "deactivate", customer, superuser)

    assert sorted(told(response)) == [
        "Deactivate and end all sessions: 1 done.",
        "root: You cannot do this to yourself.",
    ]
    assert list(User.objects.filter(is_active=True)) == [superuser]


def test_sessions_are_ended(customer: User, stranger: User, visitor: Client) -> None:
    mine, _, others = open_pub_session(customer), open_pub_session(customer), open_pub_session(stranger)
    revoke = {"action": "revoke", "_selected_action": [str(mine.session.pk)]}

    visitor.post(reverse("admin:accounts_session_changelist"), revoke)
    one_ended = Session.objects.filter(revoked_at=None).count()
    visitor.post(reverse("admin:accounts_user_end_all", args=[customer.pk]), {"_form_submitted": "on"})

    assert one_ended == 2
    assert [session.pk for session in Session.objects.filter(revoked_at=None)] == [others.session.pk]


def test_another_password_ends_all_sessions(customer: User, visitor: Client) -> None:
    open_pub_session(customer)
    url = reverse("admin:auth_user_password_change", args=[customer.pk])
    another = {"usable_password": "true", "password1": "Another-horse-8", "password2": "Another-horse-8"}

    weak = visitor.post(url, another | {"password1": "abc", "password2": "abc", "set-password": "1"})
    visitor.post(url, another | {"set-password": "1"})

    customer.refresh_from_db()
    assert weak.status_code == 200
    assert customer.check_password("Another-horse-8")
    assert not Session.objects.filter(user=customer, revoked_at=None).exists()

    visitor.post(url, {"usable_password": "false", "unset-password": "1"})

    customer.refresh_from_db()
    assert not customer.has_usable_password()


def test_ones_own_password_is_changed_and_the_browser_stays_in(superuser: User, visitor: Client) -> None:
    open_pub_session(superuser)
    body = {"old_password": PASSWORD, "new_password1": "Another-horse-8", "new_password2": "Another-horse-8"}

    wrong = visitor.post(reverse("admin:password_change"), body | {"old_password": "wrong"})
    visitor.post(reverse("admin:password_change"), body)

    superuser.refresh_from_db()
    assert wrong.status_code == 200
    assert superuser.check_password("Another-horse-8")
    assert not Session.objects.filter(user=superuser, revoked_at=None).exists()
    assert visitor.get(reverse("admin:index")).status_code == 200


def test_the_password_hash_is_masked(customer: User, visitor: Client) -> None:
    shown = visitor.get(url_of(customer)).content.decode()

    assert customer.password not in shown
    assert customer.password.rpartition("$")[2] not in shown


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_types_are_found_by_whether_anybody_is_of_them(answer: str, visitor: Client) -> None:
    response = visitor.get(reverse("admin:accounts_usertype_changelist"), {"in_use": answer})

    used = set(User.objects.values_list("user_type_id", flat=True))
    expected = used if answer == "yes" else set(UserType.objects.values_list("slug", flat=True)) - used
    assert {type_.slug for type_ in response.context["cl"].queryset} == expected != set()
