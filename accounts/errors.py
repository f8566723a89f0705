from core import errors


class SessionEnded(errors.BadCredentials):
    code = "session_ended"
    message = "This session has ended. Please sign in again."


class TokenInvalid(errors.BadCredentials):
    code = "token_invalid"
    message = "Invalid or expired token."


class TicketInvalid(errors.BadCredentials):
    """Never given, used before, or too old."""

    code = "ticket_invalid"
    message = "Invalid or expired ticket."


class SignInRefused(errors.BadCredentials):
    """One message for an unknown user, a wrong password and a user of the wrong type."""

    code = "bad_credentials"
    message = "Invalid username or password."


class OneTimePasswordRefused(errors.Invalid):
    """One message for a wrong code, an expired one, one too many tries and an unknown address."""

    code = "otp_invalid"
    message = "Invalid or expired OTP."


class LogoutRefused(errors.Invalid):
    code = "token_invalid"
    message = "Invalid refresh token."


class ForeignOrigin(errors.Forbidden):
    code = "foreign_origin"
    message = "Cookies are not accepted from this origin."


class GoogleNotConfigured(errors.Unavailable):
    code = "google_not_configured"
    message = "Google login is not set up here: GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are missing."


class GoogleUnavailable(errors.Unavailable):
    """No answer, or none of sane size, form and time. Trying again later may help."""

    code = "google_unavailable"
    message = "Google does not answer as it should at the moment. Please try again later."


class GoogleRefused(errors.Invalid):
    """A bad code, or an answer that does not prove who signed in."""

    code = "google_refused"
    message = "Google did not confirm this login. Please start again."


class GoogleDenied(errors.Invalid):
    code = "google_denied"
    message = "The login was cancelled at Google."


class LoginStateRefused(errors.Invalid):
    """Never given to this browser, used before, or too old."""

    code = "state_invalid"
    message = "This login was not started here, is too old or was already used. Please start again."


class EmailNotVerified(errors.Invalid):
    code = "email_not_verified"
    message = "Google has not verified this e-mail address."


class AccountNotAdmitted(errors.BadCredentials):
    """Told only to someone who has proved that the account's e-mail address or identity is theirs."""

    code = "account_not_admitted"
    message = "This account is not active, or is not a customer's."


class PasswordRefused(errors.Invalid):
    """A new password that the rules for passwords refuse."""

    code = "password_invalid"
    message = "This password cannot be used."


class WrongPassword(errors.Invalid):
    """Somebody who is signed in did not know their password."""

    code = "wrong_password"
    message = "This is not your password."


class NameTaken(errors.Invalid):
    """A username or e-mail address that another account has. Names the field."""

    code = "taken"
    message = "An account with this name or address already exists."


class NotOneself(errors.Invalid):
    code = "oneself"
    message = "You cannot do this to yourself."


class ChangedMeanwhile(errors.Conflict):
    code = "changed_meanwhile"
    message = "This account was changed by someone else at the same time."


class InvitationOver(errors.Gone):
    """Used, replaced by a later one, or too old."""

    code = "invitation_over"
    message = "This invitation was used, replaced by a later one, or is too old. Please ask for another."


class AlreadyJoined(errors.Conflict):
    code = "already_joined"
    message = "This person has set a password already."
