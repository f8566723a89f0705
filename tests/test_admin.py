"""The admin as a whole: who enters, and every list and page it has."""

import re
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User, UserType
from activity.models import ActivityEntry
from analytics.first_page import Figure
from analytics.models import DailyRollup, MonthlyRollup
from analytics.services import close_days
from config.settings import UNFOLD
from conftest import PASSWORD, MakeUser
from core.admin_kit import MOST_PAGES
from tests.admin_rows import MAKERS, report

OUR_APPS = (
    *("core", "accounts", "activity", "notifications", "billing", "icebreakers", "venues", "workspaces"),
    *("offers", "chat"),
    "analytics",
)
# Gone in seconds, and known by nothing but the hash of a secret; a name that only processes tell each other.
WITHOUT_PAGES = ("accounts.SocketTicket", "analytics.RollupEdition")
OUR_MODELS = [model for label in OUR_APPS for model in apps.get_app_config(label).get_models()]
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
EDITED = (
    "accounts.User",
    "billing.Membership",
    "billing.Plan",
    "chat.Mute",
    "icebreakers.IceBreaker",
    "offers.Offer",
    "venues.Venue",
)
APPENDED = ("billing.Coupon", "billing.Payment", "billing.Refund", "billing.Subscription", "venues.VarId")
ADDED = (*EDITED, *APPENDED)
SECRETS = ("sealed-body", "sealed-answer", "c0de", "0" * 20, "ffffffff")
LOOKUPS = ("__exact", "__gte", "__year")
STRANGE = (
    {"p": "x"},
    {"o": "9.x"},
    {"q": "a\0b"},
    {"nonsense": "1"},
    {"created_at__gte": "2026-01-01 00:00:00+99:00"},
    {"e": "1"},
    {"pk__in": "x"},
    {"_popup": "1", "_to_field": "x"},
    {"date_joined__year": "0", "starts_at__year": "9999", "created_at__year": "99999"},
    {"created_at__year": "2026", "created_at__month": "2", "created_at__day": "31"},
)
ELSEWHERE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import""")


def page(model: Any, name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def tight_limits(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "3/minute", "sign_in_address": "6/minute"}


@pytest.fixture
def sidebar(settings: Any) -> None:
    """As it is in production; other tests do without."""
    settings.UNFOLD = UNFOLD


def sign_in(client: Client, username: str, password: str, **extra: Any) -> Any:
    return client.post(reverse("admin:login"), {"username": username, "password": password}, **extra)


def test_every_model_has_pages_but_what_is_only_secret() -> None:
    registered = set(REGISTERED)

    ours = {model for model in OUR_MODELS if model._meta.label not in WITHOUT_PAGES}
    assert ours | {LogEntry} == registered
    assert set(MAKERS) == registered


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(model: Any, visitor: Client) -> None:
    counts = []
    for numbers in ((1,), (2, 3)):
        for number in numbers:
            MAKERS[model](number)
        visitor.get(page(model, "changelist"))
        with CaptureQueriesContext(connection) as queries:
            response = visitor.get(page(model, "changelist"))
        counts.append(len(queries))
        assert response.status_code == 200

    assert counts[0] == counts[1] <= 14


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_can_be_searched_filtered_and_sorted(model: Any, visitor: Client) -> None:
    row = MAKERS[model](1)
    pages = admin.site._registry[model]
    columns = len(pages.list_display)

    answers = [visitor.get(page(model, "changelist"), {"q": "ann"}).status_code]
    answers += [visitor.get(page(model, "changelist"), {"o": str(number + 1)}).status_code for number in range(columns)]

    assert pages.search_fields
    assert row.pk is not None
    assert set(answers) <= {200, 302}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_no_query_string_is_too_strange(model: Any, visitor: Client) -> None:
    MAKERS[model](1)
    pages = admin.site._registry[model]
    names = [
        getattr(entry, "parameter_name", None) or (entry if isinstance(entry, str) else entry[0])
        for entry in pages.list_filter
    ]
    values = ("x", "9" * 40)
    trials = [{f"{name}{lookup}": value} for name in names for lookup in LOOKUPS for value in values]

    answers = {visitor.get(page(model, "changelist"), trial).status_code for trial in (*trials, *STRANGE)}

    assert answers <= {200, 302, 400}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("key", ["x", "9" * 40, "a\0b"])
def test_nothing_ticked_is_too_strange(model: Any, key: str, visitor: Client) -> None:
    pages = admin.site._registry[model]
    for action in pages.actions or ("delete_selected",):
        ticked = {"action": action, "_selected_action": [key], "index": "x"}

        assert visitor.post(page(model, "changelist"), ticked).status_code in {200, 302}


def test_a_nul_byte_is_refused_wherever_it_stands(visitor: Client) -> None:
    autocomplete = {"app_label": "chat", "model_name": "mute", "field_name": "user", "term": "\0"}

    answers = [
        visitor.get(page(User, "change", "a") + "%00"),
        visitor.get(page(apps.get_model("core.RateWindow"), "changelist") + "a%00b/change/"),
        visitor.get(reverse("admin:autocomplete"), autocomplete),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_row_has_a_page_and_a_history(model: Any, visitor: Client) -> None:
    row = MAKERS[model](1)
    key = quote(row.pk)

    shown = visitor.get(page(model, "change", key))

    assert shown.status_code == 200
    assert visitor.get(page(model, "history", key)).status_code == 200
    assert visitor.get(page(model, "add")).status_code == (200 if model._meta.label in ADDED else 403)
    may_save = 'name="_save"' in shown.content.decode()
    assert may_save == (model._meta.label in EDITED)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_only_ice_breakers_are_deleted_for_good(model: Any, visitor: Client) -> None:
    row = MAKERS[model](1)

    answer = visitor.post(page(model, "delete", quote(row.pk)), {"post": "yes"})

    is_deletable = model._meta.label == "icebreakers.IceBreaker"
    assert answer.status_code == (302 if is_deletable else 403)
    assert model._default_manager.filter(pk=row.pk).exists() != is_deletable


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("key", ["nope", "9" * 40])
def test_a_row_that_is_not_there_is_no_error(model: Any, key: str, visitor: Client) -> None:
    answer = visitor.get(page(model, "change", key))

    assert answer.status_code == 302


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_nothing_secret_and_nothing_from_elsewhere_is_shown(model: Any, visitor: Client) -> None:
    row = MAKERS[model](1)

    for path in (page(model, "changelist"), page(model, "change", quote(row.pk))):
        response = visitor.get(path)
        body = re.sub(r'(?:href|action|value|hx-\w+)="[^"]*"', "", response.content.decode())
        assert [secret for secret in SECRETS if secret in body] == []
        assert ELSEWHERE.findall(response.content.decode()) == []
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_the_first_page_counts_in_a_fixed_number_of_queries(visitor: Client) -> None:
    counts = []
    close_days()
    for number in (1, 2):
        for model, maker in MAKERS.items():
            if model not in (DailyRollup, MonthlyRollup):
                maker(number)
        visitor.get(reverse("admin:index"))
        with CaptureQueriesContext(connection) as queries:
            response = visitor.get(reverse("admin:index"))
        counts.append(len(queries))

    assert counts == [17, 17]
    figures = {figure.label: figure.value for figure in response.context["figures"]}
    assert figures == {
        "Users": User.objects.count(),
        "Venues open": 2,
        "Open offers": 2,
        "Customers out now": 2,
        "Sign-ups today": User.objects.filter(user_type=UserType.CUSTOMER).count(),
        "Scans today": 2,
        "Messages today": 2,
        "Redemptions today": 2,
        "Mails waiting": 2,
        "Mails failed": 0,
        "Open reports": 4,
    }
    assert all(visitor.get(figure.url).status_code == 200 for figure in response.context["figures"])


def test_the_figures_of_the_first_page_are_grouped_in_thousands(visitor: Client) -> None:
    response = visitor.get(reverse("admin:index"))

    assert Figure("Users", 20062, "all accounts", "").shown == "20,062"
    assert all(f">{figure.shown}</p>" in response.content.decode() for figure in response.context["figures"])


def test_the_sidebar_is_open_where_one_is(sidebar: None, visitor: Client) -> None:
    shown = visitor.get(page(apps.get_model("offers.Offer"), "changelist")).content.decode()
    first = visitor.get(reverse("admin:index")).content.decode()

    here = re.findall(r'<a href="([^"]+)"[^>]* aria-current="page"', shown)
    assert here == [page(apps.get_model("offers.Offer"), "changelist")]
    assert (shown.count("navigationOpen: true"), first.count("navigationOpen: true")) == (1, 0)
    assert re.findall(r'<a href="([^"]+)"[^>]* aria-current="page"', first) == [reverse("admin:index")]


def test_every_link_of_the_sidebar_leads_somewhere(sidebar: None, visitor: Client) -> None:
    response = visitor.get(reverse("admin:index"))
    links = [str(item["link"]) for group in response.context["sidebar_navigation"] for item in group["items"]]

    assert all(f'href="{link}"' in response.content.decode() for link in links)
    assert not ELSEWHERE.search(response.content.decode())
    assert [link for link in links if visitor.get(link).status_code != 200] == []
    assert {page(model, "changelist") for model in REGISTERED} == set(links) - {reverse("admin:index")}


def test_what_grows_is_turned_no_deeper_than_by_hand(visitor: Client) -> None:
    log = page(ActivityEntry, "changelist")

    deepest, deeper = (visitor.get(log, {"p": number}) for number in (MOST_PAGES, MOST_PAGES + 1))

    assert deepest.status_code == 200
    assert "(Show all)" not in re.sub(r"<[^>]+>", "", deepest.content.decode())
    assert (deeper.status_code, deeper.headers["Location"]) == (302, f"{log}?e=1")


def test_the_sidebar_is_searched(visitor: Client) -> None:
    answer = visitor.get(reverse("admin:search"), {"s": "venue", "page": "x"})

    assert answer.status_code == 200
    assert page(apps.get_model("venues.Venue"), "changelist") in answer.content.decode()


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.VENUE_OWNER, UserType.SUPPORT])
def test_only_superusers_sign_in(user_type: str, make_user: MakeUser) -> None:
    make_user("someone", user_type)
    client = Client()

    refused = sign_in(client, "someone", PASSWORD)

    assert refused.context["form"].non_field_errors() == ["Invalid username or password."]
    assert client.get(reverse("admin:index")).status_code == 302


def test_someone_signed_in_who_is_no_superuser_is_sent_to_the_login(make_user: MakeUser) -> None:
    client = Client()
    client.force_login(make_user("someone"))

    answers = {client.get(path).status_code for path in (reverse("admin:index"), page(User, "changelist"))}

    assert answers == {302}


@pytest.mark.parametrize(
    ("query", "reached"),
    [
        ("", "/admin/"),
        ("?next=", "/admin/"),
        ("?next=/admin/venues/venue/", "/admin/venues/venue/"),
        ("?next=https://elsewhere.example/", "/admin/"),
        ("?next=//elsewhere.example/admin/", "/admin/"),
        ("?next=javascript:alert(1)", "/admin/"),
    ],
)
def test_signing_in_leads_to_the_page_that_was_wanted_here_or_to_the_first(
    query: str, reached: str, superuser: User
) -> None:
    answer = Client().post(f"/admin/login/{query}", {"username": "root", "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, reached)


def test_a_wrong_name_and_a_wrong_password_look_the_same(superuser: User) -> None:
    answers = [sign_in(Client(), name, word) for name, word in (("root", "wrong"), ("nobody", PASSWORD))]

    errors = [answer.context["form"].non_field_errors() for answer in answers]
    assert errors == [["Invalid username or password."]] * 2
    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_name_is_compared_without_case(superuser: User) -> None:
    client = Client()

    answer = sign_in(client, "ROOT", PASSWORD)

    assert answer.status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200


def test_too_many_attempts_shut_the_account_for_the_window(tight_limits: None, superuser: User) -> None:
    client = Client()
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        for _ in range(3):
            assert sign_in(client, "root", "wrong").status_code == 200
        locked = sign_in(client, "Root", PASSWORD)
    with time_machine.travel("2026-03-01T12:01:01Z", tick=False):
        later = sign_in(client, "root", PASSWORD)

    assert (locked.status_code, locked["Retry-After"]) == (429, "60")
    assert locked.context["form"].non_field_errors() == ["Too many attempts. Try again in 60 seconds."]
    assert later.status_code == 302


def test_one_address_cannot_try_many_accounts(tight_limits: None, superuser: User) -> None:
    for number in range(6):
        assert sign_in(Client(), f"guess-{number}", "wrong").status_code == 200

    assert sign_in(Client(), "root", PASSWORD).status_code == 429
    assert sign_in(Client(), "root", PASSWORD, REMOTE_ADDR="10.9.8.7").status_code == 302


def test_the_login_page_loads_nothing_from_elsewhere_and_is_not_framed() -> None:
    answer = Client().get(reverse("admin:login"))

    assert ELSEWHERE.findall(answer.content.decode()) == []
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "no-store" in answer["Cache-Control"]


def test_signing_in_and_acting_need_the_csrf_token(superuser: User) -> None:
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client, "root", PASSWORD).status_code == 403
    client.force_login(superuser)
    assert client.post(page(User, "add"), {"username": "x"}).status_code == 403
    assert not User.objects.filter(username="x").exists()


def test_admin_without_the_slash_leads_there(visitor: Client) -> None:
    answer = visitor.get("/admin")

    assert (answer.status_code, answer.url) == (302, "/admin/")


def test_a_superuser_who_is_no_longer_one_is_out_at_once(visitor: Client, superuser: User) -> None:
    User.objects.filter(pk=superuser.pk).update(is_superuser=False, is_staff=False, user_type=UserType.SUPPORT)

    assert visitor.get(reverse("admin:index")).status_code == 302


def test_what_is_done_is_written_down(visitor: Client, superuser: User) -> None:
    complaint = report(1)

    visitor.post(page(type(complaint), "changelist"), {"action": "resolve", "_selected_action": [str(complaint.pk)]})

    written = LogEntry.objects.get()
    assert (written.user, written.object_id) == (superuser, str(complaint.pk))
    assert written.get_change_message() == "Mark the selected as resolved."
