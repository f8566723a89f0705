"""Three doors for customers: a password and the venue they claim, a scanned code and a one-time password, or whom an
OpenID provider vouches for.
"""

from dataclasses import replace

from django.db import transaction

from accounts.errors import AccountNotAdmitted
from accounts.models import UserType
from accounts.services.external_identities import VerifiedIdentity, get_account_of, note_not_admitted
from accounts.services.one_time_passwords import Asker, request_one_time_password, use_one_time_password
from accounts.services.sessions import Credentials, OpenedSession, check_password, open_session
from core.sessions import SessionPolicy
from venues.selectors import get_current_var_id, get_serving_venue, people
from venues.services.presence import check_in_by_claim, check_in_by_earlier_scan

CUSTOMERS_DOOR = frozenset({UserType.CUSTOMER})


def sign_in_at_venue(
    credentials: Credentials, *, venue_id: int, policy: SessionPolicy, device: str = ""
) -> OpenedSession:
    """By password, to the venue the customer claims to be at.

    The venue is looked at first: what it answers says nothing of any account. Raises VenueNotServing, SignInRefused
    and TooMany.
    """
    get_serving_venue(venue_id)
    user = check_password(credentials, admits=CUSTOMERS_DOOR)
    with transaction.atomic():
        opened = open_session(user=user, policy=policy, device=device)
        check_in_by_claim(user=user, venue_id=venue_id)
        return _as_they_are_now(opened)


def request_customer_code(*, username: str, email: str, var_id: str, policy: SessionPolicy) -> None:
    """Have a code sent if the name and the address are one customer's. Raises VarIdNotCurrent and TooMany."""
    get_current_var_id(var_id)
    asker = Asker(email=email, username=username, user_type=UserType.CUSTOMER)
    request_one_time_password(surface=policy.surface, asker=asker, context={"var_id": var_id})


def sign_in_by_code(*, email: str, code: str, policy: SessionPolicy, device: str = "") -> OpenedSession:
    """To the venue whose code was scanned when the one-time password was asked for: it was current then.

    Not in one transaction: a wrong try must stay counted. Raises OneTimePasswordRefused.
    """
    asked = use_one_time_password(surface=policy.surface, email=email, code=code)
    assert asked.user is not None
    with transaction.atomic():
        opened = open_session(user=asked.user, policy=policy, device=device)
        check_in_by_earlier_scan(user=asked.user, var_id=str(asked.context["var_id"]), scanned_at=asked.requested_at)
        return _as_they_are_now(opened)


def sign_in_with_identity(
    identity: VerifiedIdentity, *, venue_id: int | None, policy: SessionPolicy, device: str = ""
) -> OpenedSession:
    """The customer is made if they are new, and is where they claim to be, if they said so. All of it happens or none.

    Raises AccountNotAdmitted and VenueNotServing.
    """
    try:
        with transaction.atomic():
            user = get_account_of(identity)
            opened = open_session(user=user, policy=policy, device=device)
            if venue_id is not None:
                check_in_by_claim(user=user, venue_id=venue_id)
            return _as_they_are_now(opened)
    except AccountNotAdmitted:
        note_not_admitted(identity)
        raise


def _as_they_are_now(opened: OpenedSession) -> OpenedSession:
    return replace(opened, user=people().get(pk=opened.user.pk))
