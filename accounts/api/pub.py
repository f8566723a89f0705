"""The Pub Network's accounts: what needs to know nothing of venues."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import fields
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import OptionalBearer, claims_of
from accounts.api.cookies import refresh_cookie, set_token_cookies
from accounts.api.fields import Password
from accounts.errors import ForeignOrigin, LogoutRefused, SessionEnded, SignInRefused, TokenInvalid
from accounts.models import Gender, UserType
from accounts.selectors import live_sessions_of
from accounts.services import sessions
from core.pagination import MAXIMUM_LIMIT
from core.surface.access import ANYONE, SIGNED_IN
from core.surface.client import client_address, client_device
from core.surface.schema import operation
from core.surface.serializers import Choice, MessageOut, Serializer, Text
from core.surface.views import SurfaceView

ACCESS_EXAMPLE = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl"
TOKENS_EXAMPLE = {"access": ACCESS_EXAMPLE, "refresh": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJ1c2VyX2lkIjoxfQ.b3RoZXI"}
OWNER_EXAMPLE = {
    "id": 7,
    "username": "owner1",
    "email": "owner1@example.com",
    "first_name": "Olive",
    "last_name": "Hart",
    "gender": "",
    "user_type": "venue_owner",
    "customer_profile": None,
}
SESSION_EXAMPLE = {
    "id": "6f1c8a52-3b0e-4b5e-9d53-1f0f5f0f7a11",
    "surface": "pub",
    "device": "Firefox on Linux",
    "created_at": "2026-01-05T19:00:00Z",
    "last_seen_at": "2026-01-05T19:20:00Z",
    "expires_at": "2026-01-12T19:00:00Z",
    "current": True,
}

OWNERS_DOOR = frozenset({UserType.VENUE_OWNER, UserType.SUPERUSER, UserType.VENDOR, UserType.SUPPORT})


class Interests(fields.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=50), max_length=50, **kwargs)


class CustomerProfileOut(Serializer):
    name = Text(max_length=100)
    one_line_desc = Text(allow_blank=True)
    interests = Interests()
    current_venue = fields.IntegerField(
        source="user.current_venue_id", allow_null=True, help_text="The id of the venue they are at now."
    )
    doj = fields.DateTimeField(help_text="Date of joining.")
    is_verified = fields.BooleanField(help_text="The e-mail address is proved to be theirs.")
    otp_validated = fields.BooleanField(help_text="Proved by a one-time password.")


class UserOut(Serializer):
    """A customer must come from `venues.selectors.with_current_venue`."""

    id = fields.IntegerField()
    username = Text(max_length=150)
    email = fields.EmailField()
    first_name = Text(allow_blank=True)
    last_name = Text(allow_blank=True)
    gender = Choice(Gender.choices)
    user_type = fields.CharField(source="user_type_id")
    customer_profile = CustomerProfileOut(allow_null=True, help_text="Null for who is not a customer.")


class TokensOut(Serializer):
    access = Text(max_length=2000)
    refresh = Text(max_length=2000)


class SignedInOut(Serializer):
    access = Text(source="tokens.access", max_length=2000)
    refresh = Text(source="tokens.refresh", max_length=2000)
    user = UserOut()


class OwnerSignInIn(Serializer):
    username = Text(max_length=150)
    password = Password()


class LoginOwner(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Sign in as a venue owner, superuser, vendor or support",
        body=OwnerSignInIn,
        answer=SignedInOut,
        errors=[SignInRefused],
        example={"username": "owner1", "password": "abcd@123"},
        answer_example={**TOKENS_EXAMPLE, "user": OWNER_EXAMPLE},
    )
    def post(self, request: Request) -> Response:
        credentials = sessions.Credentials(**self.body(OwnerSignInIn), address=client_address(request))
        opened = sessions.sign_in(
            credentials, admits=OWNERS_DOOR, policy=self.contract.session, device=client_device(request)
        )
        return self.answer(SignedInOut, opened)


class RefreshIn(Serializer):
    refresh = Text(max_length=2000)


class RefreshOrCookieIn(Serializer):
    refresh = Text(max_length=2000, required=False, help_text="Left out by a browser that holds it as a cookie.")


class RefreshToken(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Replace a refresh token by a fresh pair",
        description="A refresh token serves once. Used again within 10 seconds it gets the same answer; later, its "
        "session ends. A browser that holds it as a cookie gets fresh cookies too.",
        body=RefreshOrCookieIn,
        answer=TokensOut,
        errors=[TokenInvalid, SessionEnded, ForeignOrigin],
        example={"refresh": "<refresh token>"},
        answer_example=TOKENS_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        given = self.body(RefreshOrCookieIn).get("refresh")
        kept = "" if given else refresh_cookie(request)
        tokens = sessions.refresh_session(given or kept or self.body(RefreshIn)["refresh"])
        response = self.answer(TokensOut, tokens)
        if kept:
            set_token_cookies(response, tokens)
        return response


class LogOut(SurfaceView):
    access = {"POST": ANYONE}

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [OptionalBearer()]

    @operation(
        summary="End the session of a refresh token",
        description="Needs no access token; a live one that is sent must be the same user's.",
        body=RefreshIn,
        answer=MessageOut,
        errors=[LogoutRefused],
        example={"refresh": "<refresh token>"},
        answer_example={"message": "Logged out."},
    )
    def post(self, request: Request) -> Response:
        by = self.caller if self.caller.is_authenticated else None
        sessions.log_out(refresh=self.body(RefreshIn)["refresh"], by=by)
        return Response({"message": "Logged out."})


class SessionOut(Serializer):
    id = fields.UUIDField()
    surface = fields.CharField()
    device = fields.CharField(allow_blank=True)
    created_at = fields.DateTimeField()
    last_seen_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()
    current = fields.SerializerMethodField(help_text="Whether this request's token is of that session.")

    def get_current(self, session: Any) -> bool:
        return bool(session.pk == self.context["request"].auth.pk)


class TokenDetailsOut(Serializer):
    token_type = fields.CharField()
    jti = fields.CharField()
    issued_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()
    expires_in = fields.IntegerField(help_text="In seconds.")
    session = SessionOut()
    sessions = SessionOut(many=True, help_text="Every live one, the latest used first, at most 200.")


class TokenDetails(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="This access token, and where one is signed in",
        answer=TokenDetailsOut,
        answer_example={
            "token_type": "access",
            "jti": "0f1d9b7c6b2e4c0f8f8a",
            "issued_at": "2026-01-05T19:00:00Z",
            "expires_at": "2026-01-05T20:00:00Z",
            "expires_in": 2400,
            "session": SESSION_EXAMPLE,
            "sessions": [SESSION_EXAMPLE],
        },
    )
    def get(self, request: Request) -> Response:
        claims, now = claims_of(request), timezone.now()
        details = {
            "token_type": "access",
            "jti": claims.token_id,
            "issued_at": datetime.fromtimestamp(claims.issued_at, UTC),
            "expires_at": datetime.fromtimestamp(claims.expires_at, UTC),
            "expires_in": int(claims.expires_at - now.timestamp()),
            "session": request.auth,
            "sessions": live_sessions_of(self.caller).order_by("-last_seen_at", "id")[:MAXIMUM_LIMIT],
        }
        return self.answer(TokenDetailsOut, details)


class RevokeSession(SurfaceView):
    access = {"DELETE": SIGNED_IN}

    @operation(summary="Sign out one of one's sessions", status=204)
    def delete(self, request: Request, session_id: UUID) -> Response:
        sessions.revoke_session(session_id=session_id, by=self.caller)
        return Response(status=204)
