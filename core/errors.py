"""What a service may raise. None of these knows a protocol: the surface kit alone turns them into answers."""

from collections.abc import Mapping, Sequence

Fields = Mapping[str, Sequence[str]]


class DomainError(Exception):
    """A rule said no.

    `code` is stable and machine-readable, `message` is for people, `fields` names what was wrong by the
    service's own parameter names, `details` are further values a client may act on, and `retry_after` is in seconds.
    """

    code = "error"
    message = "The request could not be carried out."

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        fields: Fields | None = None,
        details: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.fields = dict(fields or {})
        self.details = dict(details or {})
        self.retry_after = retry_after
        super().__init__(self.message)


class Invalid(DomainError):
    code = "invalid"
    message = "The input is not valid."


class BadCredentials(DomainError):
    code = "bad_credentials"
    message = "Invalid credentials."


class Forbidden(DomainError):
    code = "forbidden"
    message = "You do not have permission to perform this action."


class NotFound(DomainError):
    code = "not_found"
    message = "Not found."


class Conflict(DomainError):
    code = "conflict"
    message = "This conflicts with what is stored."


class Gone(DomainError):
    code = "gone"
    message = "This is no longer available."


class TooMany(DomainError):
    code = "too_many_requests"
    message = "Too many requests."


class Unavailable(DomainError):
    """Something outside this server, or a setting it needs, is missing."""

    code = "unavailable"
    message = "This is not available at the moment."
