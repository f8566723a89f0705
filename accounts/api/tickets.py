"""Tickets for WebSockets, the same for clients of every contract."""

from datetime import UTC, datetime

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import claims_of
from accounts.services import tickets
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Serializer, Text
from core.surface.views import SurfaceView


class TicketOut(Serializer):
    ticket = Text(max_length=100)
    expires_in = fields.IntegerField(help_text="In seconds.")


class IssueTicket(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="A ticket that opens one WebSocket",
        description="For clients that can send a socket neither a header nor a cookie: `?ticket=` opens one socket "
        "within 30 seconds. The socket lives as long as the access token that asked.",
        answer=TicketOut,
        status=201,
        answer_example={"ticket": "Wl3vQm0c4o5kq1yNn7u0gq2rO0Yz1s8m1a9bJxkT3eA", "expires_in": 30},
    )
    def post(self, request: Request) -> Response:
        until = datetime.fromtimestamp(claims_of(request).expires_at, UTC)
        issued = tickets.issue_ticket(session_id=request.auth.pk, access_expires_at=until)
        return self.answer(TicketOut, issued, status=201)
