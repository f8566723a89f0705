"""Pulseboard: who may do what."""

CALLERS = ("nobody", "member", "workspace admin", "workspace owner", "outsider", "superuser")
# Workspace 1 has the owner c1, the admin c3 and the member c2; nobody else is in it, whatever they are elsewhere. Of
# channel 2, a private one, are c1 and c2. User 2 is c2.
ANSWERS: dict[str, tuple[int, ...]] = {
    "POST /api/register/": (201, 201, 201, 201, 201, 201),
    "POST /api/request-otp/": (200, 200, 200, 200, 200, 200),
    "POST /api/verify-otp/": (400, 400, 400, 400, 400, 400),
    "POST /api/logout/": (200, 200, 200, 200, 200, 200),
    "POST /api/refresh/": (401, 401, 401, 401, 401, 401),
    "GET /api/me/": (401, 200, 200, 200, 200, 200),
    "PATCH /api/me/": (401, 200, 200, 200, 200, 200),
    "POST /api/ws-ticket/": (401, 201, 201, 201, 201, 201),
    "GET /api/workspaces/": (401, 200, 200, 200, 200, 200),
    "POST /api/workspaces/": (401, 201, 201, 201, 201, 201),
    "GET /api/workspaces/{workspace_id}/": (401, 200, 200, 200, 404, 404),
    "PATCH /api/workspaces/{workspace_id}/": (401, 403, 200, 200, 404, 404),
    "DELETE /api/workspaces/{workspace_id}/": (401, 403, 403, 204, 404, 404),
    "GET /api/workspaces/{workspace_id}/members/": (401, 200, 200, 200, 404, 404),
    "POST /api/workspaces/{workspace_id}/members/": (401, 403, 201, 201, 404, 404),
    "PATCH /api/workspaces/{workspace_id}/members/{user_id}/": (401, 403, 200, 200, 404, 404),
    "DELETE /api/workspaces/{workspace_id}/members/{user_id}/": (401, 204, 204, 204, 404, 404),
    "GET /api/workspaces/{workspace_id}/invitations/": (401, 403, 200, 200, 404, 404),
    "DELETE /api/workspaces/{workspace_id}/invitations/{invitation_id}/": (401, 403, 204, 204, 404, 404),
    "GET /api/channels/": (401, 200, 200, 200, 404, 404),
    "POST /api/channels/": (401, 201, 201, 201, 404, 404),
    "GET /api/channels/{channel_id}/": (401, 200, 200, 200, 404, 404),
    "PATCH /api/channels/{channel_id}/": (401, 403, 200, 200, 404, 404),
    "DELETE /api/channels/{channel_id}/": (401, 403, 204, 204, 404, 404),
    "GET /api/channels/{channel_id}/members/": (401, 200, 200, 200, 404, 404),
    "POST /api/channels/{channel_id}/members/": (401, 201, 404, 201, 404, 404),
    "DELETE /api/channels/{channel_id}/members/": (401, 204, 404, 204, 404, 404),
    "GET /api/notifications/": (401, 200, 200, 200, 200, 200),
    "POST /api/notifications/read/": (401, 200, 200, 200, 200, 200),
    "GET /api/notifications/preferences/": (401, 200, 200, 200, 200, 200),
    "PATCH /api/notifications/preferences/": (401, 200, 200, 200, 200, 200),
    "POST /api/activities/": (401, 200, 200, 200, 404, 404),
    "POST /api/metrics/active-users/": (401, 200, 200, 200, 404, 404),
    "POST /api/metrics/messages-per-day/": (401, 200, 200, 200, 404, 404),
}
# What only a browser's cookies open.
BY_COOKIE = {"POST /api/refresh/": (401, 204, 204, 204, 204, 204)}
