"""What the mailed link of an invitation opens: a page to set one's password on."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import Password
from accounts.errors import InvitationOver, PasswordRefused
from accounts.services.invitations import accept_invitation, get_open_invitation
from core.surface.access import ANYONE
from core.surface.schema import operation
from core.surface.serializers import MessageOut, Serializer
from core.surface.views import SurfaceView
from venues.api.pub.pages import is_browser, page_for_people


class FirstPasswordIn(Serializer):
    password = Password()


class InvitationPage(SurfaceView):
    """Its address holds a secret: no other page learns of it by `Referer`, and no cache keeps it."""

    access = {"GET": ANYONE, "POST": ANYONE}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """To a browser, an invitation that is over comes as a page that says what to do."""
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "GET" and response.status_code in {404, 410} and is_browser(request):
            response = page_for_people("venues/invitation_over.html", {}, status=response.status_code)
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        return response

    @operation(
        summary="Show the page that an invitation leads to",
        answer=OpenApiTypes.STR,
        media_type="text/html",
        errors=[InvitationOver],
    )
    def get(self, request: Request, token: str) -> HttpResponse:
        """A page with a form for the password. Opening it uses nothing up."""
        return page_for_people("venues/invitation.html", {"invited": get_open_invitation(token).user})

    @operation(
        summary="Accept an invitation by setting a password",
        description="Once: a second time is answered with 410.",
        body=FirstPasswordIn,
        answer=MessageOut,
        errors=[InvitationOver, PasswordRefused],
        example={"password": "Longer-and-better-9"},
        answer_example={"message": "Your password is set. You can sign in now."},
    )
    def post(self, request: Request, token: str) -> Response:
        accept_invitation(token=token, password=self.body(FirstPasswordIn)["password"])
        return Response({"message": "Your password is set. You can sign in now."})
