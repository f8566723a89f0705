"""The owners' dashboard: a page, and a door of its own that lets nobody else in. It opens nothing of the admin's."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.browser_sessions import open_browser_session
from accounts.models import User, UserType
from accounts.services.sessions import Credentials, check_password
from analytics import showing
from analytics.models import Metric
from analytics.owner_dashboard import OwnerDashboard, owner_dashboard
from analytics.platform import Moment
from core.errors import BadCredentials, NotFound, TooMany
from core.surface.client import client_address
from venues.api.pub.pages import own_sockets

View = Callable[..., HttpResponse]

DASHBOARD = "/dashboard/"
LOGIN = "/dashboard/login/"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {sockets_at}; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
LARGEST_ID = 2**63 - 1


class SignIn(forms.Form):
    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=128, strip=False)


class Looking(forms.Form):
    venue = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)


def is_owner(user: Any) -> bool:
    return bool(user.is_authenticated) and user.user_type_id == UserType.VENUE_OWNER


def owners_only(view: View) -> View:
    """Whoever else comes is sent to the door; superusers have pages of their own."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if is_owner(request.user):
            return view(request)
        return HttpResponseRedirect("/admin/" if request.user.is_superuser else LOGIN)

    return guarded


@require_safe
@owners_only
def dashboard_page(request: HttpRequest) -> HttpResponse:
    asked = Looking(request.GET)
    if not asked.is_valid():
        raise Http404
    moment = Moment(timezone.now(), settings.CURRENCY)
    try:
        figures = owner_dashboard(_owner(request), moment, venue_id=asked.cleaned_data["venue"])
    except NotFound:
        raise Http404 from None
    return _page(request, "analytics/owner_dashboard.html", {"figures": figures, **_shown(figures)})


@require_http_methods(["GET", "HEAD", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """As at every other door: attempts are counted, and the reason for a refusal is not told."""
    if request.method != "POST":
        return HttpResponseRedirect(DASHBOARD) if is_owner(request.user) else _login_page(request)
    form = SignIn(request.POST)
    if not form.is_valid():
        return _login_page(request, "Give a username and a password.", status=400)
    credentials = Credentials(**form.cleaned_data, address=client_address(request))
    try:
        user = check_password(credentials, admits=frozenset({UserType.VENUE_OWNER}))
    except TooMany as refusal:
        page = _login_page(request, f"Too many attempts. Try again in {refusal.retry_after} seconds.", status=429)
        page["Retry-After"] = str(refusal.retry_after)
        return page
    except BadCredentials as refusal:
        return _login_page(request, str(refusal.message), status=401)
    open_browser_session(request=request, user=user, surface="dashboard")
    return HttpResponseRedirect(DASHBOARD)


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    if is_owner(request.user):
        logout(request)
    return HttpResponseRedirect(LOGIN)


def _owner(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _shown(figures: OwnerDashboard) -> dict[str, object]:
    named = {Metric.SCANS: "Scans", Metric.MESSAGES: "Messages", Metric.REDEMPTIONS: "Redemptions"}
    names = {venue.pk: venue.name for venue in figures.venues} if figures.venue is None else {}
    offers = [
        (", ".join(filter(None, (offer.title, names.get(offer.venue_id)))), [offer.redeemed_count])
        for offer in figures.top_offers
    ]
    charts = [
        *showing.own_month_charts(figures.months, settings.CURRENCY),
        showing.hours_chart(figures.hours, figures.zone),
        showing.chart("offers", "Most redeemed offers", ("Offer", "Redemptions"), offers, "bars-across"),
    ]
    if figures.venue is None and len(figures.venues) > 1:
        charts.append(showing.venues_chart(figures.busy_venues))
    return {
        "tiles": [
            showing.tile(f"{label} this month", figures.this_month[metric], note="days begin at midnight UTC")
            for metric, label in named.items()
        ],
        "now": [
            (label, showing.amount(getattr(figures.now, live)), note, live)
            for label, note, live in (
                ("Customers now", "checked in", "customers_now"),
                ("Open offers", "can be redeemed now", "offers_open"),
                ("Scans today", "since midnight UTC", "scans_today"),
                ("Messages today", "since midnight UTC", "messages_today"),
                ("Redemptions today", "since midnight UTC", "redemptions_today"),
            )
        ],
        "charts": charts,
    }


def _login_page(request: HttpRequest, trouble: str = "", *, status: int = 200) -> HttpResponse:
    return _page(request, "analytics/owner_login.html", {"trouble": trouble}, status=status)


def _page(request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    page = render(request, template, dict(context), status=status)
    page["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(sockets_at=own_sockets(request))
    page["Cache-Control"] = "no-store"
    return page
