"""One venue's group and one workspace with the same people in them, as ordinary use would leave them in the database.

Run by `tests.faults.stage` as `python -m tests.faults.plant <people>` with a server's settings; prints their tokens.
"""

import json
import sys

# Sets Django up, so it stands first.
from bench.plant import NOW, plant_customers, plant_presences, plant_sessions
from venues.models import VarId, Venue
from workspaces.models import Member, Role, Workspace

VAR_ID = "faults"


def plant(people: int) -> list[str]:
    """An access token for each of so many customers who are at the venue, and in the workspace."""
    venue = Venue.objects.create(name="The Fault Line")
    VarId.objects.create(venue=venue, value=VAR_ID, valid_from=NOW, is_named=True)
    customers = plant_customers(people)
    plant_presences(customers, venue)
    workspace = Workspace.objects.create(name="The Fault Line", created_by=customers[0])
    Member.objects.create(workspace=workspace, user=customers[0], role=Role.OWNER)
    Member.objects.bulk_create(Member(workspace=workspace, user=user) for user in customers[1:])
    return plant_sessions(customers)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(plant(int(sys.argv[1]))))
