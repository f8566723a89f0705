"""The bar's screen: a page with the venue's QR code, and the code alone as a picture.

A television cannot send headers, so opening the page also gives it a pass, in a cookie, that opens these three again.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.api.access import OWNER
from accounts.api.authentication import SessionAuthentication
from accounts.models import Session, User
from core.surface.schema import operation
from core.surface.views import SurfaceView
from venues.api.pub.pages import is_browser, page_for_people
from venues.errors import VenueNotServing
from venues.models import Venue
from venues.qr_codes import qr_png, qr_svg
from venues.selectors import get_managed_venue
from venues.services.screen_passes import VALID_FOR, find_pass_holder, issue_screen_pass
from venues.services.var_ids import show_var_id

SCREEN_COOKIE = "screen_pass"


class ScreenAuthentication(BaseAuthentication):
    """A Bearer token, else a live pass for the venue of this path (with no session), else the access_token cookie."""

    _by_token = SessionAuthentication()
    documented_as = SessionAuthentication.documented_as

    def authenticate(self, request: Request) -> tuple[User, Session | None] | None:
        if not get_authorization_header(request):
            venue_id = int(request.parser_context["kwargs"]["venue_id"])
            holder = find_pass_holder(request.COOKIES.get(SCREEN_COOKIE, ""), venue_id=venue_id)
            if holder is not None:
                return holder, None
        return self._by_token.authenticate(request)

    def authenticate_header(self, request: Request) -> str | None:
        return self._by_token.authenticate_header(request)


class ScreenView(SurfaceView):
    access = {"GET": OWNER}
    authentication_classes = (ScreenAuthentication,)


class QrScreen(ScreenView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """To a browser, being told to sign in comes as a page where one can."""
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == 401 and is_browser(request):
            page = page_for_people("venues/sign_in.html", {}, status=401)
            page["WWW-Authenticate"] = response["WWW-Authenticate"]
            return page
        return response

    @operation(summary="Show the screen with the venue's QR code", answer=OpenApiTypes.STR, media_type="text/html")
    def get(self, request: Request, venue_id: int) -> HttpResponse:
        """A page for the bar's television that renews itself. A browser without a token gets one to sign in on.

        Opened with a token, it sets a pass in a cookie that opens it again for a year.
        """
        venue = get_managed_venue(self.caller, venue_id)
        page = page_for_people("venues/screen.html", _on_screen(venue))
        if request.auth is not None:
            _give_pass(page, venue, self.caller)
        return page


class QrSvg(ScreenView):
    @operation(
        summary="Get the venue's QR code as SVG",
        answer=OpenApiTypes.STR,
        media_type="image/svg+xml",
        errors=[VenueNotServing],
    )
    def get(self, request: Request, venue_id: int) -> HttpResponse:
        var_id = show_var_id(venue=get_managed_venue(self.caller, venue_id))
        return _picture(qr_svg(var_id.value), "image/svg+xml")


class QrPng(ScreenView):
    @operation(
        summary="Get the venue's QR code as PNG",
        answer=OpenApiTypes.BINARY,
        media_type="image/png",
        errors=[VenueNotServing],
    )
    def get(self, request: Request, venue_id: int) -> HttpResponse:
        var_id = show_var_id(venue=get_managed_venue(self.caller, venue_id))
        return _picture(qr_png(var_id.value), "image/png")


def _on_screen(venue: Venue) -> dict[str, object]:
    if not venue.is_serving:
        return {"venue": venue}
    var_id = show_var_id(venue=venue)
    return {"venue": venue, "var_id": var_id, "qr_svg": qr_svg(var_id.value)}


def _picture(content: str | bytes, content_type: str) -> HttpResponse:
    picture = HttpResponse(content, content_type=content_type)
    picture["Content-Security-Policy"] = "default-src 'none'"
    picture["Cache-Control"] = "no-store"
    return picture


def _give_pass(page: HttpResponse, venue: Venue, user: User) -> None:
    page.set_cookie(
        SCREEN_COOKIE,
        issue_screen_pass(venue=venue, by=user),
        max_age=VALID_FOR,
        path=f"/venues/{venue.pk}/",
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Strict",
    )
