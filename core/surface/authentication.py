"""How a contract's clients say who they are, where that leaves something to say on the answer."""

from django.http import HttpResponseBase
from rest_framework.authentication import BaseAuthentication


class AnsweringAuthentication(BaseAuthentication):
    """One that has a last word on the answer, whatever it is: cookies that were renewed, or are taken back.

    Each request has one of its own, so it may remember what it saw.
    """

    def conclude(self, response: HttpResponseBase) -> None:
        raise NotImplementedError
