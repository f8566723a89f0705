"""The admin's first page and the owners' dashboard, as superusers and owners see them, by day and by night.

Each leaves a picture in tests/browser/screenshots, to be looked at.
"""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import find_faults
from tests.browser.test_pages import DESK, PICTURES, picture

pytestmark = pytest.mark.browser

CHARTS = "html[data-charts='{}']"
PAINTED = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value > 0);
}
"""
CUT = "(boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent)"
BREACHES = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => console.error(violatedDirective));
"""
PLANS = """
(body, plans) => {
  const row = ([name, value]) => `<tr><th scope="row">${name}</th><td data-value="${value}">${value}</td></tr>`;
  body.innerHTML = plans.map(row).join("");
}
"""
SLICES = """
(canvas) => {
  const { labels, datasets: [{ data, backgroundColor }] } = Chart.getChart(canvas).data;
  return [labels, data, backgroundColor];
}
"""
LINES = """
(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getClientRects().length;
}
"""
SIZES = {"desk": DESK, "phone": {}}


def sign_in(page, path, username, password):
    page.goto(path)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=re.compile("Log in|Sign in")).click()


def expect_drawn(page, count):
    expect(page.locator(CHARTS.format(count))).to_be_attached()
    for canvas in page.locator("[data-chart] canvas").all():
        assert canvas.evaluate(PAINTED)


def expect_whole(page):
    """No tile and no panel has to be scrolled; what could be is reached by the keyboard."""
    assert page.locator(".tile, .panel").evaluate_all(CUT) == []
    assert page.locator(".panel:not([tabindex='0'])").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_admins_first_page_is_drawn_and_live(phones, server, scheme, size):
    page = phones.open(color_scheme=scheme, **SIZES[size])
    page.add_init_script(BREACHES)
    sign_in(page, "/admin/", "admin", "admin")

    expect_drawn(page, 8)
    expect(page.locator("#live-state")).to_have_text("Counters are live.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"admin-overview-{size}-{scheme}")
    page.locator(".tile-value").evaluate_all(
        "(values) => values.map((value) => (value.textContent = 'INR 12,345,678.00'))"
    )
    expect_whole(page)
    page.locator("#chart-scans summary").click()
    expect(page.locator("#chart-scans tbody tr")).to_have_count(12)
    page.locator("#chart-scans").scroll_into_view_if_needed()
    picture(page, f"admin-charts-{size}-{scheme}")


@pytest.mark.parametrize("width", [375, 390])
def test_a_large_figure_is_not_broken_on_a_phone(phones, width):
    page = phones.open(viewport={"width": width, "height": 844})
    sign_in(page, "/admin/", "admin", "admin")
    value = page.locator(".tile", has_text="Revenue this month").locator(".tile-value")

    value.evaluate("(element) => { element.textContent = '99,903,395.90'; }")

    assert value.evaluate(LINES) == 1
    page.locator(".tiles").first.screenshot(path=PICTURES / f"admin-tiles-{width}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_smallest_of_many_slices_are_gathered_and_each_has_its_colour(phones, scheme):
    page = phones.open(color_scheme=scheme)
    sign_in(page, "/admin/", "admin", "admin")
    expect_drawn(page, 8)
    chart = page.locator("#chart-plans")
    chart.locator("tbody").evaluate(PLANS, [["Basic", 40], ["Trial", 1], *[[f"Plan {n}", 10 * n] for n in range(1, 6)]])

    page.evaluate("document.documentElement.classList.toggle('seven-plans')")

    page.wait_for_function("Chart.getChart(document.querySelector('#chart-plans canvas')).data.labels.length > 2")
    labels, values, colours = chart.locator("canvas").evaluate(SLICES)
    assert labels == ["Plan 5", "Basic", "Plan 4", "Plan 3", "Plan 2", "2 others"]
    assert values == [50, 40, 40, 30, 20, 11]
    assert len(set(colours)) == 6
    expect(chart.locator("tbody tr")).to_have_count(7)
    chart.screenshot(path=PICTURES / f"admin-seven-plans-{scheme}.png")


def test_a_counter_counts_while_one_looks(phones, server):
    page = phones.open(**DESK)
    sign_in(page, "/admin/", "admin", "admin")
    counter = page.locator("[data-live=sign_ups_today]")
    expect(page.locator("#live-state")).to_have_text("Counters are live.")
    before = int(counter.inner_text())

    name = f"newcomer{before}"
    body = {"username": name, "password": "abcd@123", "email": f"{name}@example.com", "gender": "female"}
    profile = {"name": name, "one_line_desc": "", "interests": []}
    told = json.dumps({**body, "first_name": "New", "last_name": "Comer", "customer_profile": profile}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/register/customer/", told, headers))

    expect(counter).to_have_text(str(before + 1))


def test_counters_say_that_they_stand_still_after_signing_out_elsewhere(phones, server):
    page = phones.open(**DESK)
    sign_in(page, "/admin/", "admin", "admin")
    expect(page.locator("#live-state")).to_have_text("Counters are live.")

    other = page.context.new_page()
    other.goto("/admin/")
    other.evaluate("document.querySelector('form[action$=\"/admin/logout/\"]').submit()")

    expect(page.locator("#live-state")).to_have_text("Signed out: counters stand still.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_an_owners_dashboard_is_drawn_and_can_be_used_by_everybody(phones, scheme, size):
    page = phones.open(color_scheme=scheme, **SIZES[size])
    page.add_init_script(BREACHES)
    page.goto("/dashboard/")
    assert find_faults(page) == []
    picture(page, f"owner-door-{size}-{scheme}")
    sign_in(page, "/dashboard/", "owner1", "abcd@123")

    expect_drawn(page, 7)
    expect(page.locator("#live-state")).to_have_text("Counters are live.")
    for summary in page.locator("summary").all():
        summary.click()
    assert find_faults(page) == []
    expect_whole(page)
    picture(page, f"owner-{size}-{scheme}")


def test_an_owner_looks_at_one_venue_and_signs_out(phones):
    page = phones.open(**DESK)
    sign_in(page, "/dashboard/", "owner1", "abcd@123")
    page.get_by_label("Show").select_option(label="The Anchor")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("The Anchor")
    expect_drawn(page, 6)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/dashboard/login/$"))
    page.goto("/dashboard/")
    expect(page).to_have_url(re.compile("/dashboard/login/$"))


def test_a_wrong_password_is_told_beside_the_form(phones):
    phones.expected.append("status of 401")
    page = phones.open(**DESK)
    sign_in(page, "/dashboard/", "owner1", "wrong")

    expect(page.get_by_role("alert")).to_have_text("Invalid username or password.")


def test_the_charts_follow_when_night_falls(phones):
    page = phones.open(color_scheme="light", **DESK)
    sign_in(page, "/dashboard/", "owner1", "abcd@123")
    expect_drawn(page, 7)
    colour = """() => Chart.getChart(document.querySelector("#chart-scans canvas")).data.datasets[0].backgroundColor"""
    by_day = page.evaluate(colour)

    page.emulate_media(color_scheme="dark")

    page.wait_for_timeout(300)
    assert {by_day, page.evaluate(colour)} == {"#7c3aed", "#a78bfa"}
