"""What venues hold on a person, for their own eyes."""

from accounts.models import User
from venues.selectors import find_last_presence, scans_by, visits_by


def presence_section(user: User) -> dict[str, object] | None:
    presence = find_last_presence(user)
    if presence is None:
        return None
    return {
        "venue": presence.venue.name,
        "certainty": presence.certainty,
        "since": presence.since,
        "until": presence.until,
    }


def visits_section(user: User) -> list[dict[str, object]]:
    return [
        {"venue": visit.venue.name, "certainty": visit.certainty, "started_at": visit.started_at}
        for visit in visits_by(user)
    ]


def scans_section(user: User) -> list[dict[str, object]]:
    return [
        {
            "venue": scan.venue.name,
            "var_id": scan.var_id.value,
            "certainty": scan.certainty,
            "scanned_at": scan.scanned_at,
        }
        for scan in scans_by(user)
    ]
