"""Swagger UI, the admin and the bar's screen, used as developers, superusers and owners use them.

Each leaves a picture in tests/browser/screenshots, to be looked at.
"""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.docs import TITLE
from tests.browser.test_chat_page import code_for

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).with_name("screenshots")
DESK = {"viewport": {"width": 1280, "height": 900}, "has_touch": False, "is_mobile": False}


@pytest.fixture
def page(phones):
    return phones.open(**DESK)


def picture(page, name):
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def open_operation(page, operation_id):
    block = page.locator(f"[id$={operation_id}]")
    block.locator(".opblock-summary-control").first.click()
    block.get_by_role("button", name="Try it out").click()
    return block


def execute(block):
    """The status and the body that came back."""
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response")
    body = answer.locator(".response-col_description code").first.inner_text()
    return answer.locator(".response-col_status").inner_text().split()[0], json.loads(body)


def test_swagger_ui_signs_in_and_carries_the_examples_out(page):
    page.goto("/api/docs/")
    expect(page).to_have_title("Pub Network")
    expect(page.locator(".opblock-tag")).to_have_text([tag["name"] for tag in TITLE["TAGS"]])
    picture(page, "swagger")

    status, tokens = execute(open_operation(page, "pub_post_login_customer"))
    assert status == "200"
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#auth-bearer-value").fill(tokens["access"])
    page.locator(".auth-btn-wrapper").first.get_by_role("button", name="Apply credentials").click()
    picture(page, "swagger-authorized")
    page.get_by_role("button", name="Close", exact=True).first.click()
    details = open_operation(page, "pub_get_customers_customer_id")
    status, customer = execute(details)
    details.scroll_into_view_if_needed()
    picture(page, "swagger-executed")

    assert (status, customer["username"], customer["customer_profile"]["current_venue"]) == ("200", "c1", 3)


def test_swagger_ui_signs_a_browser_in_by_its_cookies(page, mails):
    page.goto("/api/docs/pulseboard/")
    expect(page).to_have_title("Pulseboard")

    assert execute(open_operation(page, "pulseboard_post_api_request_otp"))[0] == "200"
    verify = open_operation(page, "pulseboard_post_api_verify_otp")
    code = code_for("c1@example.com", mails, page)
    verify.locator("textarea").first.fill(json.dumps({"email": "c1@example.com", "otp": code}))
    status, signed_in = execute(verify)
    _, channels = execute(open_operation(page, "pulseboard_get_api_channels"))
    picture(page, "swagger-pulseboard")

    assert (status, signed_in["status"]) == ("200", "success")
    assert [channel["name"] for channel in channels["data"]] == ["general", "leads"]


def test_the_admin_lists_the_venues(page):
    page.goto("/admin/")
    picture(page, "admin-login")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Venues").first).to_be_visible()
    picture(page, "admin")

    page.goto("/admin/venues/venue/")
    expect(page.get_by_role("link", name="The Anchor").first).to_be_visible()
    picture(page, "admin-venues")


def test_the_bars_screen_shows_the_code_to_its_owner(page, phones):
    phones.expected.append("status of 401")
    page.goto("/venues/3/qr/")
    picture(page, "screen-sign-in")
    page.get_by_label("Username").fill("owner1")
    page.get_by_label("Password").fill("abcd@123")
    page.get_by_role("button", name="Show the code").click()

    expect(page.get_by_role("heading", name="The Anchor")).to_be_visible()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    expect(page.locator("figcaption code")).to_have_text(re.compile(r"^[\w-]{11,}$"))
    picture(page, "screen")
