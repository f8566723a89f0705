from collections.abc import Mapping
from dataclasses import dataclass

from activity.models import ActivityEntry

SUMMARY_LENGTH = 255
NO_DETAILS: Mapping[str, object] = {}


@dataclass(frozen=True)
class Target:
    """What it was done to: the kind of thing, in one lower-case word, and its id."""

    type: str
    id: object


def record_activity(
    *,
    type: str,
    actor_id: int | None,
    summary: str,
    target: Target | None = None,
    details: Mapping[str, object] = NO_DETAILS,
) -> ActivityEntry:
    """Write down what happened, in one insert. Call it in the transaction that makes it true, from a subscriber.

    It stays for ever: neither the summary nor the details may hold a secret, or what tells who a person is.
    """
    return ActivityEntry.objects.create(
        type=type,
        actor_id=actor_id,
        summary=summary[:SUMMARY_LENGTH],
        target_type=target.type if target else "",
        target_id=str(target.id) if target else "",
        details=dict(details),
    )
