import asyncio

from core.background import Background


def test_what_swallows_a_cancellation_is_ended_all_the_same():
    cancelled = 0

    async def stubborn():
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled += 1

    async def scene():
        background = Background()
        task = background.start(stubborn())
        await asyncio.sleep(0)
        await background.stop()
        return task.done()

    assert asyncio.run(scene())
    assert cancelled == 2
