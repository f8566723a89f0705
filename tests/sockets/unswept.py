"""The server, but that it does not look for rings that were lost: what its sockets are told was rung."""

from config import server

# isort: split
# Models can be imported once the server's module has set Django up.
from tests.sockets.sweeps import turn_off

turn_off(setattr)

if __name__ == "__main__":
    server.main()
