"""The Pub Network's customers: joining, signing in at a venue, one's own details, and the people one meets."""

from typing import Any, cast

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CUSTOMER, SUPERUSER
from accounts.api.fields import Password, Username
from accounts.api.pub import TOKENS_EXAMPLE, Interests, SignedInOut, TokensOut, UserOut
from accounts.errors import (
    ChangedMeanwhile,
    NameTaken,
    NotOneself,
    OneTimePasswordRefused,
    PasswordRefused,
    SignInRefused,
    WrongPassword,
)
from accounts.models import Gender
from accounts.selectors import CustomerSearch, get_active_user, get_customer
from accounts.services import blocks, privacy, registration
from accounts.services.passwords import change_own_password
from accounts.services.registration import AccountChanges, AccountDetails, ProfileChanges, ProfileDetails
from accounts.services.sessions import Credentials
from core.surface.access import ANYONE, SIGNED_IN
from core.surface.client import client_address, client_device
from core.surface.schema import operation
from core.surface.serializers import Choice, Email, Id, ListQuery, MessageOut, Serializer, Text
from core.surface.views import SurfaceView
from venues.errors import VarIdNotCurrent, VenueNotServing
from venues.selectors import find_people, get_person_for
from venues.services import customer_sign_in

BIGGEST_ID = 2**63 - 1

SOMEONE_ELSE = {"customer_id": 2}

USER_EXAMPLE = {
    "id": 26,
    "username": "john",
    "email": "john@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "gender": "male",
    "user_type": "customer",
    "customer_profile": {
        "name": "John D.",
        "one_line_desc": "I love music!",
        "interests": ["Music", "Food"],
        "current_venue": None,
        "doj": "2024-06-01T12:00:00Z",
        "is_verified": False,
        "otp_validated": False,
    },
}
C1_EXAMPLE = {
    "id": 1,
    "username": "c1",
    "email": "c1@example.com",
    "first_name": "Chloe",
    "last_name": "Ward",
    "gender": "female",
    "user_type": "customer",
    "customer_profile": {
        "name": "Chloe",
        "one_line_desc": "Quiz nights and old vinyl",
        "interests": ["Music", "Quizzes"],
        "current_venue": 3,
        "doj": "2026-01-05T12:00:00Z",
        "is_verified": True,
        "otp_validated": False,
    },
}
SIGNED_IN_EXAMPLE = {**TOKENS_EXAMPLE, "user": C1_EXAMPLE}


class ProfileIn(Serializer):
    name = Text(max_length=100, required=False, help_text="The first name or the username, unless given.")
    one_line_desc = Text(allow_blank=True, required=False)
    interests = Interests(required=False)


class AccountIn(Serializer):
    username = Username()
    email = Email()
    first_name = Text(max_length=150, allow_blank=True, required=False)
    last_name = Text(max_length=150, allow_blank=True, required=False)
    gender = Choice(Gender.choices, allow_blank=True, required=False)
    customer_profile = ProfileIn(required=False)


class RegistrationIn(AccountIn):
    password = Password()


class RegisteredOut(Serializer):
    message = Text()
    user = UserOut()


class RegisterCustomer(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Register as a customer",
        body=RegistrationIn,
        answer=RegisteredOut,
        status=201,
        errors=[NameTaken, PasswordRefused],
        example={
            "username": "john",
            "password": "secret",
            "email": "john@example.com",
            "first_name": "John",
            "last_name": "Doe",
            "gender": "male",
            "customer_profile": {"name": "John D.", "one_line_desc": "I love music!", "interests": ["Music", "Food"]},
        },
        answer_example={"message": "Customer registered successfully.", "user": USER_EXAMPLE},
    )
    def post(self, request: Request) -> Response:
        body = self.body(RegistrationIn)
        password, profile = body.pop("password"), body.pop("customer_profile", {})
        user = registration.register_customer(
            details=AccountDetails(**body),
            profile=ProfileDetails(**profile),
            password=password,
            address=client_address(request),
        )
        registered = {"message": "Customer registered successfully.", "user": get_person_for(user, user.pk)}
        return self.answer(RegisteredOut, registered, status=201)


class CustomerSignInIn(Serializer):
    username = Text(max_length=150)
    password = Password()
    venue = Id(help_text="The id of the venue where they are.")


class LoginCustomer(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Sign in as a customer at a venue",
        body=CustomerSignInIn,
        answer=SignedInOut,
        errors=[SignInRefused, VenueNotServing],
        example={"username": "c1", "password": "abcd@123", "venue": 3},
        answer_example=SIGNED_IN_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = self.body(CustomerSignInIn)
        opened = customer_sign_in.sign_in_at_venue(
            Credentials(body["username"], body["password"], client_address(request)),
            venue_id=body["venue"],
            policy=self.contract.session,
            device=client_device(request),
        )
        return self.answer(SignedInOut, opened)


class CodeRequestIn(Serializer):
    username = Text(max_length=150)
    email = Email()
    var_id = Text(max_length=64)


class RequestCustomerCode(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Have a one-time password sent",
        description="The answer is the same whether or not the name and the address are one customer's. A code serves "
        "once, for 5 minutes, and takes at most 5 wrong tries; at most one a minute and five an hour are sent.",
        body=CodeRequestIn,
        answer=MessageOut,
        errors=[VarIdNotCurrent],
        example={"username": "c2", "email": "c2@example.com", "var_id": "v2"},
        answer_example={"message": "OTP sent, please check your email."},
    )
    def post(self, request: Request) -> Response:
        customer_sign_in.request_customer_code(**self.body(CodeRequestIn), policy=self.contract.session)
        return Response({"message": "OTP sent, please check your email."})


class CodeIn(Serializer):
    email = Email()
    otp = Text(max_length=20)


class ValidateCustomerCode(SurfaceView):
    access = {"POST": ANYONE}

    @operation(
        summary="Sign in with a one-time password",
        body=CodeIn,
        answer=SignedInOut,
        errors=[OneTimePasswordRefused],
        example={"email": "c2@example.com", "otp": "624469"},
        answer_example=SIGNED_IN_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = self.body(CodeIn)
        opened = customer_sign_in.sign_in_by_code(
            email=body["email"], code=body["otp"], policy=self.contract.session, device=client_device(request)
        )
        return self.answer(SignedInOut, opened)


class CustomerQuery(ListQuery):
    q = fields.CharField(required=False, allow_blank=True, max_length=100, help_text="Part of a name or e-mail.")
    is_active = fields.BooleanField(required=False)
    is_verified = fields.BooleanField(required=False)
    gender = Choice(Gender.choices, allow_blank=True, required=False)
    venue = fields.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID, help_text="Those there now.")


class CustomerList(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="Own details; for a superuser the list of customers",
        query=[CustomerQuery],
        answer=PolymorphicProxySerializer(
            component_name="UserOrUsers",
            serializers=[UserOut, UserOut(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        answer_example=C1_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        asked = self.query(CustomerQuery)
        if not self.caller.is_superuser:
            return self.answer(UserOut, get_person_for(self.caller, self.caller.pk))
        filters = {name: asked[name] for name in ("is_active", "is_verified", "gender") if name in asked}
        rows = find_people(CustomerSearch(text=asked.get("q", ""), **filters), venue_id=asked.get("venue"))
        return self.answer_page(rows, UserOut, order_by=("-id",))


class CustomerDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "PUT": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SUPERUSER}

    @operation(summary="Own details, or any customer's for a superuser", answer=UserOut, answer_example=C1_EXAMPLE)
    def get(self, request: Request, customer_id: int) -> Response:
        return self.answer(UserOut, get_person_for(self.caller, customer_id))

    @operation(
        summary="Change own details, or any customer's for a superuser",
        description="What is optional and not given stays as it is. A new e-mail address is not verified.",
        body=AccountIn,
        answer=UserOut,
        errors=[NameTaken],
        example={"username": "c1", "email": "c1@example.com", "customer_profile": {"one_line_desc": "Cheers!"}},
        answer_example=C1_EXAMPLE,
    )
    def put(self, request: Request, customer_id: int) -> Response:
        return self._update(request, customer_id, self.body(AccountIn))

    @operation(
        summary="Change some of one's own details, or of any customer's for a superuser",
        description="What is not given stays as it is. A new e-mail address is not verified.",
        body=AccountIn(partial=True),
        answer=UserOut,
        errors=[NameTaken],
        example={"customer_profile": {"interests": ["Music", "Darts"]}},
        answer_example=C1_EXAMPLE,
    )
    def patch(self, request: Request, customer_id: int) -> Response:
        return self._update(request, customer_id, self.body(AccountIn, partial=True))

    @operation(
        summary="Delete a customer",
        description="The person is forgotten; what others see of their conversations stays without their name.",
        status=204,
    )
    def delete(self, request: Request, customer_id: int) -> Response:
        privacy.anonymise_account(user=get_customer(customer_id), by=self.caller)
        return Response(status=204)

    def _update(self, request: Request, customer_id: int, body: dict[str, Any]) -> Response:
        account = get_person_for(self.caller, customer_id)
        profile_changes = cast(ProfileChanges, body.pop("customer_profile", {}))
        registration.update_account(
            account=account, changes=cast(AccountChanges, body), profile_changes=profile_changes
        )
        return self.answer(UserOut, get_person_for(self.caller, customer_id))


class ExportMe(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="Everything held on me",
        answer={"type": "object", "additionalProperties": True, "description": "A section for each kind of thing."},
        answer_example={"account": {"id": 1, "username": "c1", "email": "c1@example.com"}},
    )
    def get(self, request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="export.json"'}
        return Response(privacy.export_account(self.caller), headers=headers)


class PasswordIn(Serializer):
    password = Password(allow_blank=True, help_text="May be empty for who has none.")


class DeleteMe(SurfaceView):
    access = {"DELETE": CUSTOMER}

    @operation(
        summary="Delete my account",
        description="The person is forgotten; what others see of their conversations stays without their name.",
        body=PasswordIn,
        status=204,
        errors=[WrongPassword],
        example={"password": "abcd@123"},
    )
    def delete(self, request: Request) -> Response:
        privacy.delete_own_account(by=self.caller, password=self.body(PasswordIn)["password"])
        return Response(status=204)


class PasswordChangeIn(Serializer):
    old_password = Password(allow_blank=True, required=False, default="", help_text="May be empty for who has none.")
    new_password = Password()


class ChangePassword(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Change my password",
        description="Every session ends; the tokens in the answer are a new one's.",
        body=PasswordChangeIn,
        answer=TokensOut,
        errors=[WrongPassword, PasswordRefused, ChangedMeanwhile],
        example={"old_password": "abcd@123", "new_password": "Longer-and-better-9"},
        answer_example=TOKENS_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        opened = change_own_password(
            by=self.caller,
            **self.body(PasswordChangeIn),
            policy=self.contract.session,
            device=client_device(request),
        )
        return self.answer(TokensOut, opened.tokens)


class BlockUser(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Block someone",
        description="Neither can open a private chat with the other or write to them; their group messages are hidden.",
        answer=MessageOut,
        errors=[NotOneself],
        path_example=SOMEONE_ELSE,
        answer_example={"message": "Blocked."},
    )
    def post(self, request: Request, customer_id: int) -> Response:
        blocks.block_user(blocked=get_active_user(customer_id), by=self.caller)
        return Response({"message": "Blocked."})


class UnblockUser(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Unblock someone",
        answer=MessageOut,
        path_example=SOMEONE_ELSE,
        answer_example={"message": "Unblocked."},
    )
    def post(self, request: Request, customer_id: int) -> Response:
        blocks.unblock_user(blocked=get_active_user(customer_id), by=self.caller)
        return Response({"message": "Unblocked."})


class ReportIn(Serializer):
    reason = Text(max_length=2000)
    message_id = Id(required=False, allow_null=True, help_text="The message complained about.")


class ReportUser(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Report someone to the platform",
        body=ReportIn,
        answer=MessageOut,
        status=201,
        errors=[NotOneself],
        path_example=SOMEONE_ELSE,
        example={"reason": "Keeps shouting."},
        answer_example={"message": "Reported."},
    )
    def post(self, request: Request, customer_id: int) -> Response:
        blocks.report_user(reported=get_active_user(customer_id), by=self.caller, **self.body(ReportIn))
        return Response({"message": "Reported."}, status=201)
