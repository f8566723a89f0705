import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
import segno
import time_machine
from django.contrib.staticfiles import finders
from django.core import signing

from accounts.models import User
from conftest import ApiClient, open_pub_session
from venues.models import VarId
from venues.services.screen_passes import SALT

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SCREENS = ("qr/", "qr.png", "qr.svg")
UNAUTHENTICATED = {"error": "Authentication credentials were not provided.", "code": "not_authenticated"}


def modules_of_svg(svg):
    """The dark modules as {(row, column)}, read from the lines that the path strokes."""
    path = ElementTree.fromstring(svg).findall("{http://www.w3.org/2000/svg}path")[1].get("d")
    row, column, dark = 0, 0, set()
    for move, x, y, run in re.findall(r"([Mm])(-?\d+) ?(-?[\d.]+)|h(\d+)", path):
        if run:
            dark |= {(row, column + n) for n in range(int(run))}
            column += int(run)
        else:
            origin = (0, 0) if move == "M" else (row, column)
            row, column = origin[0] + int(float(y)), origin[1] + int(x)
    return dark


def modules_of_png(png, scale=20):
    """The dark modules of a greyscale PNG of one bit a pixel."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    lines = lines_of_png(png, (width + 7) // 8, height)

    def is_dark(row, column):
        x = column * scale + scale // 2
        return not lines[row * scale + scale // 2][x // 8] >> (7 - x % 8) & 1

    return {(r, c) for r in range(height // scale) for c in range(width // scale) if is_dark(r, c)}


def lines_of_png(png, stride, height):
    """The rows of packed pixels; each is written as it is (0) or as what it adds to the one above (2)."""
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, lines = zlib.decompress(data), [bytes(stride)]
    for start in range(0, height * (stride + 1), stride + 1):
        kind, line = raw[start], raw[start + 1 : start + 1 + stride]
        assert kind in {0, 2}
        above = lines[-1] if kind == 2 else bytes(stride)
        lines.append(bytes((new + old) % 256 for new, old in zip(line, above, strict=True)))
    return lines[1:]


def modules_that_say(text):
    matrix = segno.make_qr(text, error="m").matrix
    return {(r + 4, c + 4) for r, line in enumerate(matrix) for c, dark in enumerate(line) if dark}


@pytest.fixture
def screen_of(as_user):
    """A browser that opened the venue's screen as that user, and has nothing left but the pass."""

    def open_screen(user: User, venue) -> ApiClient:
        client = as_user(user)
        assert client.get(f"/venues/{venue.pk}/qr/").status_code == 200
        del client.defaults["HTTP_AUTHORIZATION"]
        return client

    return open_screen


def admitted(client, venue):
    return [client.get(f"/venues/{venue.pk}/{screen}").status_code for screen in SCREENS]


def test_pictures_say_the_url_of_the_current_var_id(as_user, owner, venue, settings):
    client = as_user(owner)

    svg, png = (client.get(f"/venues/{venue.pk}/qr.{kind}") for kind in ("svg", "png"))

    expected = modules_that_say(f"{settings.PUBLIC_URL}/v/{VarId.objects.get().value}")
    assert (svg.status_code, svg.headers["Content-Type"]) == (200, "image/svg+xml")
    assert (png.status_code, png.headers["Content-Type"]) == (200, "image/png")
    assert modules_of_svg(svg.content) == expected
    assert modules_of_png(png.content) == expected
    assert {svg.headers["Cache-Control"], png.headers["Cache-Control"]} == {"no-store"}


def test_page_shows_the_venue_its_code_and_until_when(as_user, owner, make_venue):
    venue = make_venue("<b>Anchor</b> & Co")
    with time_machine.travel(NOON, tick=False):
        response = as_user(owner).get(f"/venues/{venue.pk}/qr/", headers=BROWSER)

    page, shown = response.content.decode(), VarId.objects.get()
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["Cache-Control"] == "no-store"
    assert "<h1>&lt;b&gt;Anchor&lt;/b&gt; &amp; Co</h1>" in page
    assert f"<code>{shown.value}</code>" in page
    valid_until, now = re.search(r'data-valid-until="(\d+)" data-now="(\d+)"', page).groups()
    assert int(valid_until) - int(now) == 24 * 3600


@pytest.mark.parametrize("path", ["/venues/{}/qr/", "/venues/{}/qr"])
def test_pages_have_nothing_inline_and_name_only_files_we_have(as_user, owner, venue, path):
    for client in (as_user(owner), as_user(None)):
        page = client.get(path.format(venue.pk), headers=BROWSER).content.decode()

        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)
        files = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
        assert len(files) == 2
        assert all(finders.find(file) for file in files)


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_screen_of_a_venue_that_does_not_serve_shows_no_code(as_user, owner, make_venue, status):
    venue = make_venue(status=status)

    page = as_user(owner).get(f"/venues/{venue.pk}/qr/")
    picture = as_user(owner).get(f"/venues/{venue.pk}/qr.svg")

    assert (page.status_code, b"<svg" in page.content) == (200, False)
    assert (picture.status_code, picture.json()["code"]) == (400, "venue_inactive")
    assert not VarId.objects.exists()


def test_browser_without_a_token_gets_a_page_to_sign_in_on(as_user, venue):
    page = as_user(None).get(f"/venues/{venue.pk}/qr/", headers=BROWSER)
    unknown = as_user(None).get("/venues/999999/qr/", headers=BROWSER)

    assert (page.status_code, page.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert b"<form" in page.content
    assert venue.name not in page.content.decode()
    assert (unknown.status_code, unknown.content) == (401, page.content)
    assert "screen_pass" not in page.cookies


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "image/png", "application/json, text/html", "\0;;"]
)
def test_api_client_without_a_token_gets_the_contracts_401(as_user, venue, accept):
    response = as_user(None).get(f"/venues/{venue.pk}/qr/", headers={"Accept": accept} if accept else {})

    assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)


def test_pictures_say_401_in_json_even_to_a_browser(as_user, venue):
    for picture in ("qr.png", "qr.svg"):
        response = as_user(None).get(f"/venues/{venue.pk}/{picture}", headers=BROWSER)

        assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)


def test_opening_the_page_with_a_token_leaves_a_pass_for_this_venue_only(as_user, owner, venue):
    client = as_user(owner)
    client.get(f"/venues/{venue.pk}/qr.svg")
    assert not client.cookies

    client.get(f"/venues/{venue.pk}/qr/")

    cookie = client.cookies["screen_pass"]
    flags = {name: cookie[name] for name in ("path", "httponly", "samesite", "secure", "max-age")}
    assert flags == {
        "path": f"/venues/{venue.pk}/",
        "httponly": True,
        "samesite": "Strict",
        "secure": True,
        "max-age": 365 * 24 * 3600,
    }


def test_access_cookie_opens_the_page_too(owner, venue):
    client = ApiClient()
    client.cookies["access_token"] = open_pub_session(owner).tokens.access

    assert client.get(f"/venues/{venue.pk}/qr/").status_code == 200
    assert "screen_pass" in client.cookies


def test_pass_admits_to_the_three_screens_and_to_nothing_else(screen_of, owner, venue):
    client = screen_of(owner, venue)

    assert admitted(client, venue) == [200, 200, 200]
    for method, path in (
        ("GET", f"/venues/{venue.pk}/"),
        ("DELETE", f"/venues/{venue.pk}/"),
        ("POST", f"/venues/{venue.pk}/generate-var-id/"),
        ("GET", "/venues/"),
    ):
        assert client.send(method, path).status_code == 401
    venue.refresh_from_db()
    assert venue.status == "active"


def test_pass_is_not_renewed_by_itself(screen_of, owner, venue):
    client = screen_of(owner, venue)

    response = client.get(f"/venues/{venue.pk}/qr/")

    assert not response.cookies


def test_pass_outlives_the_session_that_opened_it_and_ends_after_a_year(screen_of, owner, venue):
    with time_machine.travel(NOON, tick=False) as clock:
        client = screen_of(owner, venue)
        owner.sessions.all().delete()
        clock.shift(timedelta(days=364))
        assert admitted(client, venue) == [200, 200, 200]

        clock.shift(timedelta(days=1, seconds=1))

        client.cookies["screen_pass"]["max-age"] = ""
        assert admitted(client, venue) == [401, 401, 401]


def test_pass_ends_with_the_owners_password(screen_of, owner, venue):
    client = screen_of(owner, venue)
    owner.set_password("Another-horse-8")
    owner.save()

    assert admitted(client, venue) == [401, 401, 401]


def test_pass_ends_with_the_owners_account(screen_of, owner, venue):
    client = screen_of(owner, venue)
    owner.is_active = False
    owner.save()

    assert admitted(client, venue) == [401, 401, 401]


@pytest.mark.parametrize("opened_by", ["owner", "superuser"])
def test_pass_ends_when_the_venue_goes_to_another(screen_of, owner, superuser, other_owner, venue, opened_by):
    client = screen_of(owner if opened_by == "owner" else superuser, venue)
    venue.owner = other_owner
    venue.save()

    assert admitted(client, venue) == [401, 401, 401]


def test_pass_of_one_venue_opens_no_other(screen_of, owner, venue, make_venue):
    client, other = screen_of(owner, venue), make_venue("Other")
    value = client.cookies["screen_pass"].value
    client.cookies["screen_pass"] = value

    assert admitted(client, venue) == [200, 200, 200]
    assert admitted(client, other) == [401, 401, 401]


def test_pass_cannot_be_forged(screen_of, owner, venue):
    genuine = screen_of(owner, venue).cookies["screen_pass"].value
    payload = signing.loads(genuine, salt=SALT)
    changed = [
        genuine[:at] + ("A" if genuine[at] != "A" else "B") + genuine[at + 1 :] for at in range(0, len(genuine), 3)
    ]
    resigned = [
        signing.dumps(payload, salt="another"),
        signing.dumps(payload, salt=SALT, key="guessed"),
        signing.dumps({**payload, "password": ""}, salt=SALT),
        signing.dumps({**payload, "by": None}, salt=SALT),
        signing.dumps({**payload, "more": 1}, salt=SALT),
    ]
    for forged in [*changed, *resigned, genuine[:-1], genuine + "A", "", ":", "\0", "é"]:
        client = ApiClient()
        client.cookies["screen_pass"] = forged

        assert admitted(client, venue) == [401, 401, 401], forged


def test_token_in_the_header_wins_over_a_pass(screen_of, owner, stranger, venue):
    client = screen_of(owner, venue)

    response = client.get(
        f"/venues/{venue.pk}/qr/",
        headers={"Authorization": f"Bearer {open_pub_session(stranger).tokens.access}"},
    )

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_bad_token_is_refused_even_beside_a_pass(screen_of, owner, venue):
    client = screen_of(owner, venue)

    assert client.get(f"/venues/{venue.pk}/qr.svg", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_open_screen_costs_few_queries(screen_of, owner, venue, django_assert_num_queries):
    client = screen_of(owner, venue)

    with django_assert_num_queries(4):
        client.get(f"/venues/{venue.pk}/qr/")
