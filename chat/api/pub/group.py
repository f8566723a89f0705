"""A venue's group: its history, and keeping order in it."""

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import OWNER
from chat.api.fields import HistoryQuery
from chat.api.pub.fields import HISTORY_EXAMPLE, ChatMessageOut, PubHistoryView
from chat.errors import CannotBeMuted, NotAtVenue, VarIdExpired
from chat.selectors.history import group_history
from chat.services.conversations import LONGEST_MUTE_MINUTES, close_group, mute, open_group
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Integer, Serializer, Text
from core.surface.views import SurfaceView

OPEN_EXAMPLE = {"venue": 3, "closed_at": None}


class MuteIn(Serializer):
    username = Text(max_length=150)
    minutes = Integer(min_value=0, max_value=LONGEST_MUTE_MINUTES, help_text="From now; 0 lets them write again.")


class MuteOut(Serializer):
    username = fields.CharField(source="user.username")
    until = fields.DateTimeField()


class GroupOut(Serializer):
    venue = fields.IntegerField(source="venue_id")
    closed_at = fields.DateTimeField(allow_null=True, help_text="null: people may write.")


class GroupHistory(PubHistoryView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="Read a venue's group chat",
        description="For who is at the venue, its owner and superusers; without the messages of those you blocked.",
        query=[HistoryQuery],
        answer=ChatMessageOut(many=True),
        answer_example=HISTORY_EXAMPLE,
        errors=[NotAtVenue, VarIdExpired],
    )
    def get(self, request: Request, var_id: str) -> Response:
        window = self.asked_window()
        return self.answer_history(group_history(self.caller, var_id, window), window)


class GroupMute(SurfaceView):
    access = {"POST": OWNER}

    @operation(
        summary="Keep a customer from writing in a venue's group for a time",
        body=MuteIn,
        answer=MuteOut,
        errors=[CannotBeMuted],
        example={"username": "c1", "minutes": 30},
        answer_example={"username": "c1", "until": "2026-03-01T20:45:00Z"},
    )
    def post(self, request: Request, venue_id: int) -> Response:
        return self.answer(MuteOut, mute(by=self.caller, venue_id=venue_id, **self.body(MuteIn)))


class GroupClose(SurfaceView):
    access = {"POST": OWNER}

    @operation(
        summary="Close a venue's group",
        description="Nobody can write in it until it is opened again; it can still be read.",
        answer=GroupOut,
        answer_example={"venue": 3, "closed_at": "2026-03-01T23:00:00Z"},
    )
    def post(self, request: Request, venue_id: int) -> Response:
        return self.answer(GroupOut, close_group(by=self.caller, venue_id=venue_id))


class GroupOpen(SurfaceView):
    access = {"POST": OWNER}

    @operation(summary="Open a venue's group again", answer=GroupOut, answer_example=OPEN_EXAMPLE)
    def post(self, request: Request, venue_id: int) -> Response:
        return self.answer(GroupOut, open_group(by=self.caller, venue_id=venue_id))
