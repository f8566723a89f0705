"""Messages, oldest first; where more lie in the direction asked for is in `Link`."""

from typing import ClassVar

from rest_framework.response import Response

from chat.selectors.history import HistoryPage, Window, reactions_to
from core.surface.answers import page_link
from core.surface.serializers import Serializer
from core.surface.views import SurfaceView


class HistoryView(SurfaceView):
    """`shows` is a message as the contract spells it; it finds the reactions in its context."""

    shows: ClassVar[type[Serializer]]

    def answer_history(self, page: HistoryPage, window: Window) -> Response:
        context = self.get_serializer_context() | {"reactions": reactions_to(page.messages, self.caller)}
        response = Response(self.shows(page.messages, many=True, context=context).data)
        if page.has_more and window.since is not None:
            response["Link"] = page_link(self.request, page.messages[-1].seq, parameter="since")
        elif page.has_more:
            response["Link"] = page_link(self.request, page.messages[0].seq, parameter="before")
        return response
