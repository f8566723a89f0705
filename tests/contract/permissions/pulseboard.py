"""Pulseboard: who may do what."""

CALLERS = ("nobody", "member", "workspace admin", "workspace owner", "outsider", "superuser")
# Workspace 1 has the owner c1, the admin c3 and the member c2; nobody else is in it, whatever they are elsewhere.
ANSWERS: dict[str, tuple[int, ...]] = {
    "POST /api/activities/": (401, 200, 200, 200, 404, 404),
}
