"""Who is told when a session ends, whatever is lost on the way."""

import asyncio
import uuid

from channels.layers import InMemoryChannelLayer
from django.db import OperationalError

from accounts import realtime
from accounts.realtime import PEOPLE, PeopleWatch
from core.realtime.exchange import Exchange
from tests.sockets.client import until


def play(scene, ended_lately=lambda: ()):
    async def whole():
        exchange = Exchange(InMemoryChannelLayer())
        exchange.start()
        watch = PeopleWatch(exchange, ended_lately)
        await watch.start()
        try:
            return await scene(watch, exchange)
        finally:
            await watch.stop()
            await exchange.stop()

    return asyncio.run(whole())


def test_who_watches_a_session_is_told_of_its_end():
    session, other, ended = uuid.uuid4(), uuid.uuid4(), []

    async def scene(watch, exchange):
        watch.watch_session(session, lambda: ended.append(session))
        watch.watch_session(other, lambda: ended.append(other))
        exchange.say(PEOPLE, {"sessions": [str(session)]})

    play(scene)
    assert ended == [session]


def test_who_looks_away_is_told_nothing():
    session, ended = uuid.uuid4(), []

    async def scene(watch, exchange):
        def end():
            ended.append(session)

        watch.watch_session(session, end)
        watch.forget_session(session, end)
        exchange.say(PEOPLE, {"sessions": [str(session)]})

    play(scene)
    assert ended == []


def test_a_session_that_ends_while_it_is_looked_at_is_ended():
    session, ended = uuid.uuid4(), []

    async def scene(watch, exchange):
        exchange.say(PEOPLE, {"sessions": [str(session)]})
        watch.watch_session(session, lambda: ended.append(session))

    play(scene)
    assert ended == [session]


def test_a_session_whose_end_nobody_rang_is_found_by_the_sweep(monkeypatch):
    monkeypatch.setattr(realtime, "SWEEP_EVERY", 0.05)
    session, stored, ended = uuid.uuid4(), [], []

    async def scene(watch, exchange):
        watch.watch_session(session, lambda: ended.append(session))
        stored.append(session)
        await until(lambda: ended)

    play(scene, lambda: list(stored))
    assert ended == [session]


def test_a_sweep_with_the_database_away_is_not_the_last_one(monkeypatch):
    monkeypatch.setattr(realtime, "SWEEP_EVERY", 0.02)
    session, ended, asked = uuid.uuid4(), [], []

    def ended_lately():
        asked.append(session)
        if len(asked) < 3:
            raise OperationalError("away")
        return [session]

    async def scene(watch, exchange):
        watch.watch_session(session, lambda: ended.append(session))
        await until(lambda: ended)

    play(scene, ended_lately)
    assert ended == [session]


def test_where_nobody_watches_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(realtime, "SWEEP_EVERY", 0.02)
    asked = []

    async def scene(watch, exchange):
        await asyncio.sleep(0.1)

    play(scene, lambda: asked.append(1) or ())
    assert asked == []


def test_a_user_of_whom_something_changed_is_looked_at_again():
    looked = []

    async def scene(watch, exchange):
        watch.users.watch(7, lambda: looked.append(7))
        exchange.say(PEOPLE, {"users": [6, 7]})

    play(scene)
    assert looked == [7]


def test_another_process_hears_what_is_said_here():
    async def scene():
        layer, heard = InMemoryChannelLayer(), []
        here, there = Exchange(layer), Exchange(layer)
        for each in (here, there):
            each.start()
            each.subscribe("group", lambda ring, at=each: heard.append((at is here, ring["n"])))
            await each.heard("group")
        here.say("group", {"n": 1})
        here.ring("group", {"n": 2})
        await until(lambda: len(heard) >= 3)
        await asyncio.sleep(0.1)
        for each in (here, there):
            await each.stop()
        return heard

    assert asyncio.run(scene()) == [(True, 1), (False, 1), (False, 2)]
