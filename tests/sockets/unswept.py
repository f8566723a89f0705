"""The server, but that it does not look for rings that were lost: what its sockets are told was rung."""

from config import server

# isort: split
# Models can be imported once the server's module has set Django up.
from accounts import realtime as people
from chat.realtime import hub
from notifications.realtime import inboxes
from workspaces.realtime import feeds

hub.SWEEP_EVERY = people.SWEEP_EVERY = inboxes.LOOK_EVERY = feeds.LOOK_EVERY = 600.0

if __name__ == "__main__":
    server.main()
