"""Fills the product's database with the people of one workspace, and prints how to reach them.

Run as `python -m bench.plant_workspace <people>` with the product's settings. Nothing is planted that a server would
not find after ordinary use: users, sessions with their tokens, a workspace with its members.
"""

import json
import sys

# Sets Django up, so it stands first.
from bench.plant import plant_customers, plant_sessions
from workspaces.models import Member, Role, Workspace


def main(people: int) -> None:
    users = plant_customers(people)
    workspace = Workspace.objects.create(name="The Bench", created_by=users[0])
    Member.objects.bulk_create(
        Member(workspace=workspace, user=user, role=Role.MEMBER if number else Role.OWNER)
        for number, user in enumerate(users)
    )
    print(json.dumps({"tokens": plant_sessions(users), "emails": [user.email for user in users]}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
