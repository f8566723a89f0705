"""Pulseboard: who may do what."""

CALLERS = ("nobody", "member", "workspace admin", "workspace owner", "outsider", "superuser")
# Workspace 1 has the owner c1, the admin c3 and the member c2; nobody else is in it, whatever they are elsewhere.
ANSWERS: dict[str, tuple[int, ...]] = {
    "POST /api/register/": (201, 201, 201, 201, 201, 201),
    "POST /api/request-otp/": (200, 200, 200, 200, 200, 200),
    "POST /api/verify-otp/": (400, 400, 400, 400, 400, 400),
    "POST /api/logout/": (200, 200, 200, 200, 200, 200),
    "POST /api/refresh/": (401, 401, 401, 401, 401, 401),
    "GET /api/me/": (401, 200, 200, 200, 200, 200),
    "PATCH /api/me/": (401, 200, 200, 200, 200, 200),
    "POST /api/ws-ticket/": (401, 201, 201, 201, 201, 201),
    "POST /api/activities/": (401, 200, 200, 200, 404, 404),
}
# What only a browser's cookies open.
BY_COOKIE = {"POST /api/refresh/": (401, 204, 204, 204, 204, 204)}
