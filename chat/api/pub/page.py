"""What a scanned code opens: on a phone the page to chat in, for a program where it leads."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework import fields
from rest_framework.request import Request

from chat.selectors.welcome import welcome_to
from core.surface.access import ANYONE
from core.surface.schema import operation
from core.surface.serializers import Serializer, Text
from core.surface.views import SurfaceView
from venues.api.pub.pages import is_browser, own_sockets, page_for_people
from venues.api.pub.presence import VenueBrief
from venues.errors import VarIdNotCurrent


class WelcomeOut(Serializer):
    var_id = Text(source="var_id.value")
    venue = VenueBrief(source="var_id.venue")
    online = fields.IntegerField(help_text="How many people are in the venue's group chat now.")


class Welcome(SurfaceView):
    access = {"GET": ANYONE}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """To a browser, a code that has ended comes as a page that says what to do."""
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == 400 and is_browser(request):
            return page_for_people("chat/code_ended.html", {}, status=400)
        return response

    @operation(
        summary="Show where a scanned code leads",
        answer=WelcomeOut,
        errors=[VarIdNotCurrent],
        answer_example={"var_id": "v1", "venue": {"id": 3, "name": "The Anchor"}, "online": 12},
    )
    def get(self, request: Request, var_id: str) -> HttpResponseBase:
        """What the QR codes say. To a phone's browser it is the page to sign in and chat in.

        Opening it is no check-in and no scan: nobody is known yet.
        """
        welcome = welcome_to(var_id)
        if is_browser(self.request):
            return page_for_people("chat/page.html", {"welcome": welcome}, sockets_at=own_sockets(self.request))
        return self.answer(WelcomeOut, welcome)
