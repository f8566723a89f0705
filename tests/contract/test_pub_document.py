"""Every example of the Pub Network's client document, as written there, on fresh demo data."""

import re
from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from conftest import ApiClient

JOHN = {
    "username": "john",
    "password": "secret",
    "email": "john@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "gender": "male",
    "customer_profile": {"name": "John D.", "one_line_desc": "I love music!", "interests": ["Music", "Food"]},
}


pytestmark = pytest.mark.usefixtures("demo_data")


def nobody() -> ApiClient:
    return ApiClient()


def signed_in(answer: Any) -> ApiClient:
    client = ApiClient()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access']}"
    return client


def log_in_c1() -> Any:
    return nobody().send("POST", "/login/customer/", {"username": "c1", "password": "abcd@123", "venue": 3})


def log_in_owner() -> ApiClient:
    return signed_in(nobody().send("POST", "/login/owner/", {"username": "owner1", "password": "abcd@123"}))


def test_1a_password_login():
    answer = log_in_c1()

    assert answer.status_code == 200
    assert set(answer.json()) >= {"access", "refresh", "user"}
    assert answer.json()["user"]["customer_profile"]["current_venue"] == 3


def test_1b_passwordless_login(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        asked = nobody().send(
            "POST",
            "/customers/login/passwordless/",
            {"username": "c2", "email": "c2@example.com", "var_id": "v2"},
        )
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body)
    validated = nobody().send(
        "POST", "/customers/login/validate-otp/", {"email": "c2@example.com", "otp": code and code[0]}
    )

    assert (asked.status_code, asked.json()) == (200, {"message": "OTP sent, please check your email."})
    assert validated.status_code == 200
    assert set(validated.json()) >= {"access", "refresh", "user"}
    profile = validated.json()["user"]["customer_profile"]
    assert (profile["otp_validated"], profile["is_verified"], profile["current_venue"]) == (True, True, 4)


def test_2_customer_registration():
    answer = nobody().send("POST", "/register/customer/", JOHN)

    body = answer.json()
    user_id, doj = body["user"].pop("id"), body["user"]["customer_profile"].pop("doj")
    assert answer.status_code == 201
    assert body == {
        "message": "Customer registered successfully.",
        "user": {
            "username": "john",
            "email": "john@example.com",
            "first_name": "John",
            "last_name": "Doe",
            "gender": "male",
            "user_type": "customer",
            "customer_profile": {
                "name": "John D.",
                "one_line_desc": "I love music!",
                "interests": ["Music", "Food"],
                "current_venue": None,
                "is_verified": False,
                "otp_validated": False,
            },
        },
    }
    assert isinstance(user_id, int)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", doj)


def test_3_token_management():
    answer = signed_in(log_in_c1()).get("/customer-tokens/")

    assert answer.status_code == 200
    assert set(answer.json()) >= {"token_type", "jti", "issued_at", "expires_at", "expires_in", "session", "sessions"}


def test_4_logout():
    opened = log_in_c1()
    client = signed_in(opened)

    answer = client.send("POST", "/logout/", {"refresh": opened.json()["refresh"]})

    assert answer.status_code == 200
    assert client.get("/customers/").status_code == 401


def test_5_google_login_says_that_it_is_not_configured():
    assert nobody().get("/google/callback/?code=abc").status_code == 400
    assert nobody().get("/google/login/").status_code == 503


def test_customer_apis():
    client = signed_in(log_in_c1())

    mine = client.get("/customers/")
    changed = client.send("PATCH", "/customers/1/", {"first_name": "Clo"})
    refused = client.send("DELETE", "/customers/1/")

    assert (mine.status_code, mine.json()["username"]) == (200, "c1")
    assert (changed.status_code, changed.json()["first_name"]) == (200, "Clo")
    assert refused.status_code == 403


def test_a_superuser_deletes_a_customer():
    admin = signed_in(nobody().send("POST", "/login/owner/", {"username": "admin", "password": "admin"}))

    answer = admin.send("DELETE", "/customers/1/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not User.objects.filter(username="c1").exists()


def test_venue_apis():
    owner = log_in_owner()

    created = owner.send("POST", "/venues/", {"name": "Venue xyc", "qr_settings": {"qr_gen_frequency_hours": 24}})
    url = f"/venues/{created.json()['id']}/"
    changed = owner.send("PATCH", url, {"name": "Venue xyz"})
    listed = owner.get("/venues/")
    deleted = owner.send("DELETE", url)

    assert created.status_code == 201
    assert created.json()["qr_settings"] == {"qr_gen_frequency_hours": 24}
    assert changed.json()["name"] == "Venue xyz"
    assert "Venue xyz" in [venue["name"] for venue in listed.json()]
    assert deleted.status_code == 204


def test_generate_a_new_var_id_for_venue_4():
    answer = log_in_owner().send("POST", "/venues/4/generate-var-id/")

    assert answer.status_code == 200
    assert set(answer.json()) >= {"var_id", "valid_from", "valid_until", "url", "qr_svg"}


def test_overview_and_qr_analytics_of_venue_3_have_something_to_show():
    owner = log_in_owner()

    overview, analytics = owner.get("/overview/3/"), owner.get("/qr-analytics/3/")

    assert (overview.status_code, analytics.status_code) == (200, 200)
    assert overview.json()["redemptions_total"] > 0
    assert analytics.json()["total_scans"] > 0


def test_offer_redemption_and_deletion():
    client = signed_in(log_in_c1())
    offers = client.get("/offers/?venue=3&active=true").json()
    offer = next(offer for offer in offers if offer["title"] == "First drink on us")

    redeemed = client.send("POST", "/venues/redeem-offer/", {"offer_id": offer["id"]})
    again = client.send("POST", "/venues/redeem-offer/", {"offer_id": offer["id"]})
    deleted = log_in_owner().send("POST", "/venues/delete-offer/", {"id": offer["id"]})

    assert redeemed.status_code == 200
    assert set(redeemed.json()["redemption"]) >= {"id", "code", "offer", "venue", "redeemed_at"}
    assert (again.status_code, again.json()["code"]) == (409, "already_redeemed")
    assert deleted.status_code == 200


def test_ice_breakers_need_no_token():
    listed = nobody().get("/icebreakers?level=3&gender=male")
    one = nobody().get("/icebreakers/random/")

    assert listed.status_code == 200
    assert {(row["level"], row["gender"]) for row in listed.json()} == {(3, "male"), (3, "any")}
    assert set(one.json()) == {"id", "text", "level", "gender"}


def test_private_chat():
    client = signed_in(
        nobody().send("POST", "/login/customer/", {"username": "c2", "password": "abcd@123", "venue": 3})
    )

    created = client.send("POST", "/private/create/", {"username": "c1"})
    chat_id = created.json()["chat_id"]

    assert created.status_code == 201
    assert client.get("/private/list/").json()["chat_ids"] == [chat_id]
    assert client.get(f"/private/{chat_id}/history/").json() == []


def test_group_chat_history():
    answer = signed_in(log_in_c1()).get("/group/v1/history/")

    assert answer.status_code == 200
    assert set(answer.json()[-1]) >= {"id", "seq", "sender", "message", "timestamp"}


@pytest.mark.parametrize("path", ["/admin", "/admin/"])
def test_admin_opens_for_admin(path):
    client = ApiClient()
    assert client.login(username="admin", password="admin")

    assert client.get(path, follow=True).status_code == 200
