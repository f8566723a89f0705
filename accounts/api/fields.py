"""Fields of people that every contract takes alike."""

from typing import Any

from django.contrib.auth.validators import ASCIIUsernameValidator

from core.surface.serializers import Text


class Username(Text):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=150, validators=[ASCIIUsernameValidator()], **kwargs)


class Password(Text):
    """Taken as it is, blanks and all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=128, trim_whitespace=False, write_only=True, **kwargs)
