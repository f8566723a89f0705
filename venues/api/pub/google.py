"""Signing customers in through Google, or any OpenID provider set up in its place."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from drf_spectacular.utils import OpenApiResponse
from rest_framework import fields, serializers
from rest_framework.request import Request

from accounts import errors
from accounts.api.cookies import set_token_cookies
from accounts.api.openid import finish_login, start_login
from accounts.api.pub import SignedInOut
from accounts.services.sessions import OpenedSession
from core.surface.access import ANYONE
from core.surface.client import client_device
from core.surface.schema import operation
from core.surface.views import SurfaceView
from venues.api.pub.customers import SIGNED_IN_EXAMPLE
from venues.errors import VenueNotServing
from venues.selectors import get_serving_venue
from venues.services.customer_sign_in import sign_in_with_identity

CALLBACK_PATH = "/google/callback/"
TEXT_LENGTH = 2000


class GoogleLoginQuery(serializers.Serializer[Any]):
    venue = fields.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="Where the customer will be checked in."
    )
    next = fields.CharField(
        max_length=TEXT_LENGTH,
        default="",
        allow_blank=True,
        help_text="A path here to return to, with the tokens in cookies; without it they are in the callback's answer.",
    )

    def validate_next(self, path: str) -> str:
        is_path = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
        if path and not (is_path and path.isprintable()):
            raise serializers.ValidationError("Only a path on this server, such as /venues/.")
        return path


class GoogleCallbackQuery(serializers.Serializer[Any]):
    state = fields.CharField(max_length=TEXT_LENGTH)
    code = fields.CharField(max_length=TEXT_LENGTH, default="")
    error = fields.CharField(max_length=TEXT_LENGTH, default="", allow_blank=True, help_text="Why there is no code.")

    def validate(self, answer: dict[str, Any]) -> dict[str, Any]:
        if not (answer["code"] or "error" in self.initial_data):
            raise serializers.ValidationError({"code": ["This field is required."]})
        return answer


class GoogleLogin(SurfaceView):
    access = {"GET": ANYONE}

    @operation(
        summary="Start signing in through Google",
        description="Open it in the customer's browser: only the browser that started a login can finish it.",
        query=[GoogleLoginQuery],
        status=302,
        answer=OpenApiResponse(description="To Google, with state, nonce and a PKCE challenge."),
        errors=[VenueNotServing, errors.GoogleNotConfigured, errors.GoogleUnavailable],
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = self.query(GoogleLoginQuery)
        if "venue" in asked:
            get_serving_venue(asked["venue"])
        context = {"venue": asked.get("venue"), "next": asked["next"]}
        return HttpResponseRedirect(
            start_login(request._request, redirect_uri=f"{settings.PUBLIC_URL}{CALLBACK_PATH}", context=context)
        )


class GoogleCallback(SurfaceView):
    access = {"GET": ANYONE}

    @operation(
        summary="Finish signing in through Google",
        description="Where Google sends the browser back to. The first login makes a customer; one whose verified "
        "e-mail address is a customer's already joins that account, and where the address was not proved before, ends "
        "its password and sessions.",
        query=[GoogleCallbackQuery],
        answer=SignedInOut,
        answer_example=SIGNED_IN_EXAMPLE,
        also={302: "To the `next` path of the login, with the tokens in HttpOnly cookies."},
        errors=[
            errors.LoginStateRefused,
            errors.GoogleDenied,
            errors.GoogleRefused,
            errors.EmailNotVerified,
            VenueNotServing,
            errors.AccountNotAdmitted,
            errors.GoogleNotConfigured,
            errors.GoogleUnavailable,
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        self.query(GoogleCallbackQuery)
        finished = finish_login(request._request)
        opened = sign_in_with_identity(
            finished.identity,
            venue_id=finished.context["venue"],
            policy=self.contract.session,
            device=client_device(request),
        )
        response = self._hand_over(opened, finished.context["next"])
        response["Cache-Control"] = "no-store"
        return response

    def _hand_over(self, opened: OpenedSession, next_path: str) -> HttpResponseBase:
        if not next_path:
            return self.answer(SignedInOut, opened)
        response = HttpResponseRedirect(next_path)
        set_token_cookies(response, opened.tokens)
        return response
