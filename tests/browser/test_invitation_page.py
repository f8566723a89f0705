"""Somebody who was invited sets their password on a phone, and signs in with it."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import find_faults

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).with_name("screenshots")
NEW = "Quite-new-horse-5"


def post(url, body, token=""):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10) as answer:
        return json.load(answer)


def link_mailed_to(address, mails, page):
    for _ in range(100):
        for mail in mails.mails:
            if mail["To"] == address:
                return re.search(r"/invitations/[\w-]+/", mail.get_body(("plain",)).get_content())[0]
        page.wait_for_timeout(100)
    raise AssertionError(f"no mail to {address}")


def test_an_invited_person_sets_their_password_and_signs_in(phones, server, mails):
    admin = post(f"{server.url}/login/owner/", {"username": "admin", "password": "admin"})
    person = {"username": "vera", "email": "vera@example.com", "user_type": "vendor"}
    post(f"{server.url}/superuser/users/", person, admin["access"])
    phones.expected += ["status of 400", "status of 410"]
    page = phones.open()
    link = link_mailed_to("vera@example.com", mails, page)

    page.goto(link)
    faults = find_faults(page)
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "invitation.png")
    page.get_by_label("Password", exact=True).fill("abc")
    page.get_by_label("The same again").fill("abcd")
    page.get_by_role("button", name="Set my password").click()
    expect(page.get_by_role("alert")).to_have_text("The two passwords are not the same.")
    page.get_by_label("The same again").fill("abc")
    page.get_by_role("button", name="Set my password").click()
    expect(page.get_by_role("alert")).to_contain_text("This password is too short.")
    for label in ("Password", "The same again"):
        page.get_by_label(label, exact=True).fill(NEW)
    page.get_by_role("button", name="Set my password").click()
    expect(page.get_by_role("status")).to_have_text("Your password is set. You can sign in now.")
    done = find_faults(page)
    page.goto(link)

    expect(page.get_by_role("heading", name="This link serves no longer")).to_be_visible()
    page.screenshot(path=PICTURES / "invitation-over.png")
    assert (faults, done, find_faults(page)) == ([], [], [])
    assert post(f"{server.url}/login/owner/", {"username": "vera", "password": NEW})["user"]["username"] == "vera"
