"""What a socket is closed with. The documents list them from here."""

NOT_AUTHENTICATED = 4003
NO_SUCH_ROOM = 4004
TOO_MUCH = 4008
TOO_SLOW = 4009
GOING_AWAY = 1012
SERVER_ERROR = 1011

MEANINGS = {
    NOT_AUTHENTICATED: "No valid token, or the session has ended. The error frame comes first.",
    NO_SUCH_ROOM: "There is no such room, or it is not, or no longer, open to you. The error frame comes first.",
    TOO_MUCH: "Too many frames, or one far too large.",
    TOO_SLOW: "You did not read what was sent to you. Connect again and ask for what you missed.",
    SERVER_ERROR: "Something went wrong on our side (4011 where the server cannot send this code). Connect again.",
    GOING_AWAY: "This server is going down (4012 where the server cannot send this code). Connect again.",
}


def code_over_asgi(code: int) -> int:
    """Autobahn, and so Daphne, lets an application close with 1000 and 3000 to 4999 only."""
    return code if code == 1000 or code >= 3000 else code + 3000
