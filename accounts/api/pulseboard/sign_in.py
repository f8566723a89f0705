"""Pulseboard's doors: joining, a code by e-mail, cookies that renew themselves, and the way out."""

from typing import cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import ACCESS_COOKIE, bearer, refuse_foreign_origin
from accounts.api.cookies import REFRESH_COOKIE
from accounts.api.fields import Password, Username
from accounts.api.pulseboard.authentication import RefreshCookieAuthentication
from accounts.api.pulseboard.cookies import hand_over, take_back
from accounts.api.pulseboard.people import FullName, named
from accounts.errors import ForeignOrigin, NameTaken, OneTimePasswordRefused, PasswordRefused
from accounts.models import Session
from accounts.services import one_time_passwords, registration, sessions
from accounts.services.one_time_passwords import Asker
from accounts.services.registration import AccountDetails
from accounts.tokens import is_due
from core.surface.access import ANYONE, SIGNED_IN
from core.surface.client import client_address, client_device
from core.surface.schema import operation
from core.surface.serializers import Email, MessageOut, Serializer, Text
from core.surface.views import SurfaceView


class RegistrationIn(Serializer):
    username = Username()
    password = Password()
    email = Email()
    full_name = FullName()


class Register(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Register",
        description="Signs nobody in: ask for a one-time password next.",
        body=RegistrationIn,
        answer=MessageOut,
        status=201,
        errors=[NameTaken, PasswordRefused],
        example={
            "username": "johndoe",
            "password": "securePassword123",
            "email": "john@example.com",
            "full_name": "John Doe",
        },
        answer_example={"message": "User registered successfully!"},
    )
    def post(self, request: Request) -> Response:
        body = self.body(RegistrationIn)
        registration.register_member(
            details=AccountDetails(body["username"], body["email"], **named(body["full_name"])),
            password=body["password"],
            address=client_address(request),
        )
        return Response({"message": "User registered successfully!"}, status=201)


class CodeRequestIn(Serializer):
    email = Email()


class RequestCode(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Have a one-time password sent",
        description="The answer is the same whether or not the address has an account. A code serves once, for "
        "5 minutes, and takes at most 5 wrong tries; at most one a minute and five an hour are sent.",
        body=CodeRequestIn,
        answer=MessageOut,
        example={"email": "c1@example.com"},
        answer_example={"message": "OTP sent to c1@example.com"},
    )
    def post(self, request: Request) -> Response:
        email = self.body(CodeRequestIn)["email"]
        one_time_passwords.request_one_time_password(surface=self.contract.session.surface, asker=Asker(email=email))
        return Response({"message": f"OTP sent to {email}"})


class CodeIn(Serializer):
    email = Email()
    otp = Text(max_length=20)


class VerifyCode(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Sign in with a one-time password",
        description="Sets the HttpOnly cookies `access_token` (15 minutes), `refresh_token` (30 days, for `/api/` "
        "only) and `id_token` (15 minutes; a JWT that says who one is, and opens nothing). While `refresh_token` "
        "lives, any request whose `access_token` has run out is served and answered with new ones. The first proof of "
        "a customer's address ends the password and the sessions that their account has had without one.",
        body=CodeIn,
        answer=MessageOut,
        errors=[OneTimePasswordRefused],
        example={"email": "c1@example.com", "otp": "123456"},
        answer_example={"message": "Login successful!"},
    )
    def post(self, request: Request) -> Response:
        body = self.body(CodeIn)
        opened = one_time_passwords.sign_in_by_code(
            email=body["email"], code=body["otp"], policy=self.contract.session, device=client_device(request)
        )
        response = Response({"message": "Login successful!"})
        hand_over(response, opened.user, opened.tokens)
        return response


class LogOut(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Sign out",
        description="Ends the session at once, with its tokens and sockets, and clears the cookies. Whoever is signed "
        "out already is told the same.",
        answer=MessageOut,
        errors=[ForeignOrigin],
        answer_example={"message": "Logged out"},
    )
    def post(self, request: Request) -> Response:
        access, refresh = bearer(request), ""
        if access is None:
            refuse_foreign_origin(request)
            access, refresh = request.COOKIES.get(ACCESS_COOKIE, ""), request.COOKIES.get(REFRESH_COOKIE, "")
        sessions.sign_out(access=access, refresh=refresh)
        response = Response({"message": "Logged out"})
        take_back(response)
        return response


class Refresh(SurfaceView):
    access = {"POST": SIGNED_IN}

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [RefreshCookieAuthentication()]

    @operation(
        summary="Renew the cookies if need be",
        description="By the refresh cookie alone. Replaces all three cookies once less than half of the access "
        "token's life is left; before that there is nothing to do. Call it before opening a WebSocket. A refresh token "
        "that was replaced more than 10 seconds ago is taken for stolen: its session ends. Without a live one the "
        "answer is 401, and clears the cookies.",
        status=204,
        errors=[ForeignOrigin],
    )
    def post(self, request: Request) -> Response:
        response = Response(status=204)
        if is_due(request.COOKIES.get(ACCESS_COOKIE, ""), cast(Session, request.auth)):
            hand_over(response, self.caller, sessions.refresh_session(request.COOKIES[REFRESH_COOKIE]))
        return response
