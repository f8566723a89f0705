"""A venue that the platform's owner signs up: with its owner's account, an invitation and a trial."""

from dataclasses import dataclass

from django.db import transaction

from accounts.errors import NameTaken
from accounts.models import Invitation, User, UserType
from accounts.services.invitations import invite_new_user
from accounts.services.registration import AccountDetails, free_username
from billing.errors import PlanNotOffered
from billing.models import Subscription
from billing.selectors import find_first_plan
from venues.models import Venue
from venues.services.subscriptions import subscribe_venue
from venues.services.venues import VenueFields, create_venue


@dataclass(frozen=True)
class OpenedVenue:
    venue: Venue
    owner: User
    invitation: Invitation
    subscription: Subscription


@transaction.atomic
def open_venue(*, fields: VenueFields, username: str = "", plan_id: int | None = None, by: User) -> OpenedVenue:
    """All of it or nothing. The owner is who `contact_name` and `contact_email` say, called by the address's local
    part, or nearly so, unless a username is given; the plan is the first one offered unless one is given.

    Raises NameTaken naming `contact_email` or `username`, PlanNotOffered and what `create_venue` raises.
    """
    plan_id = plan_id or find_first_plan()
    if plan_id is None:
        raise PlanNotOffered
    invitation = _invite_owner(fields, username, by)
    venue = create_venue(by=by, fields={**fields, "owner_id": invitation.user_id})
    subscription = subscribe_venue(venue_id=venue.pk, plan_id=plan_id, by=by)
    venue.subscriber_id = subscription.subscriber_id
    return OpenedVenue(venue, invitation.user, invitation, subscription)


def _invite_owner(fields: VenueFields, username: str, by: User) -> Invitation:
    email, first_name = fields["contact_email"], fields.get("contact_name", "")
    details = AccountDetails(username=username or free_username(email), email=email, first_name=first_name)
    try:
        return invite_new_user(details=details, user_type=UserType.VENUE_OWNER, by=by)
    except NameTaken as taken:
        known_as = {"email": "contact_email"}
        raise NameTaken(fields={known_as.get(name, name): said for name, said in taken.fields.items()}) from None
