"""A limit in Python: the `websockets` library and nothing else. Everyone who connects is in the one room there is."""

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

everyone: set[ServerConnection] = set()


async def chat(connection: ServerConnection) -> None:
    everyone.add(connection)
    try:
        async for message in connection:
            broadcast(everyone, message)
    finally:
        everyone.discard(connection)


async def main(port: int) -> None:
    async with serve(chat, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
