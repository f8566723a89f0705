"""The hub under every race: rooms that open and close, layers that fail, rings that are lost, readers that are slow."""

import asyncio
from datetime import UTC, datetime

import pytest
from channels.layers import InMemoryChannelLayer
from django.db import OperationalError

from chat.consumers.pub import PubSpelling
from chat.entries import Stretch, Whisper
from chat.events import PostedMessage
from chat.realtime import hub, listener, rings
from chat.realtime.hub import Facts, Hub
from chat.realtime.listener import Listener
from core.realtime import doorbell, outbox
from core.realtime.exchange import Exchange
from core.realtime.figures import figures as rung
from core.realtime.outbox import Outbox
from core.surface.close_codes import TOO_SLOW
from tests.sockets.client import until

ROOM = 7
SPELLING = PubSpelling()


def said(seq, body="", sender_id=1, room=ROOM):
    return PostedMessage(
        id=100 + seq,
        conversation_id=room,
        seq=seq,
        sender_id=sender_id,
        sender=f"user{sender_id}",
        body=body or f"message {seq}",
        sent_at=datetime(2026, 1, 5, tzinfo=UTC),
        client_id="",
    )


class Stored:
    """What a database would hold: entries of one conversation. `away` makes it refuse, `before_reading` is called."""

    def __init__(self, *entries):
        self.entries = list(entries)
        self.away = False
        self.gone = False
        self.reads = 0
        self.before_reading = lambda: None

    @property
    def head(self):
        return max((entry.seq for entry in self.entries), default=0)

    def facts(self):
        return Facts(self.since, self.heads)

    def since(self, conversation_id, since, limit):
        self._answer()
        head = self.head
        found = sorted((entry for entry in self.entries if entry.seq > since), key=lambda entry: entry.seq)
        self.before_reading()
        if len(found) > limit:
            return Stretch(found[:limit], found[limit - 1].seq, complete=False)
        return Stretch(found, head, complete=True)

    def heads(self, conversation_ids):
        self._answer()
        return {} if self.gone else dict.fromkeys(conversation_ids, self.head)

    def _answer(self):
        self.reads += 1
        if self.away:
            raise OperationalError("away")


class Ear:
    """A listener and what it was sent; `is_reading` as long as its client takes what comes."""

    def __init__(self, user_id=2):
        self.events = []
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.reconsidered = 0
        outbox = Outbox(self._send, None)
        outbox.open()
        self.listener = Listener(outbox, SPELLING, user_id, self._reconsider)

    async def _send(self, event):
        await self.is_reading.wait()
        self.events.append(event)

    def _reconsider(self):
        self.reconsidered += 1

    @property
    def seqs(self):
        frames = (event["text"] for event in self.events if event["type"] == "websocket.send")
        return [int(text.partition('"seq":')[2].split(",")[0].rstrip("}")) for text in frames if '"seq":' in text]

    async def hears(self, *seqs):
        try:
            await until(lambda: self.seqs == list(seqs))
        except TimeoutError:
            raise AssertionError(f"heard {self.seqs}") from None


class FailingLayer(InMemoryChannelLayer):
    """One whose groups cannot be joined or rung while `away`; `slowly` delays every call."""

    def __init__(self):
        super().__init__()
        self.away = False
        self.slowly = 0.0
        self.calls = []

    async def _pass(self, name, group):
        await asyncio.sleep(self.slowly)
        if self.away:
            raise ConnectionError
        self.calls.append((name, group))

    async def group_add(self, group, channel):
        await self._pass("add", group)
        await super().group_add(group, channel)

    async def group_discard(self, group, channel):
        await self._pass("discard", group)
        await super().group_discard(group, channel)

    async def group_send(self, group, message):
        await self._pass("send", group)
        await super().group_send(group, message)


def play(scene, stored=None, layer=None):
    async def whole():
        exchange = Exchange(layer or InMemoryChannelLayer())
        exchange.start()
        running = Hub(exchange, (stored or Stored()).facts())
        running.start()
        try:
            return await scene(running)
        finally:
            await running.stop()
            await exchange.stop()

    return asyncio.run(whole())


async def ring(layer, content):
    """As another process does."""
    group = rings.group_of(ROOM)
    await layer.group_send(group, {"type": "rings", "origin": "another", "group": group, "rings": [content]})


def test_all_who_come_while_a_room_opens_are_in_it(monkeypatch):
    stored = Stored(said(1))

    async def scene(running):
        ears = [Ear(user_id) for user_id in range(20)]
        rooms = await asyncio.gather(*(running.attach(ROOM, ear.listener) for ear in ears))
        assert len(set(map(id, rooms))) == 1
        running.publish([said(2)])
        for ear in ears:
            await ear.hears(2)

    play(scene, stored)
    assert stored.reads == 1


def test_what_is_stored_while_a_room_opens_is_heard_once():
    stored = Stored(said(1))
    layer = FailingLayer()
    layer.slowly = 0.1

    async def scene(running):
        ear = Ear()
        opening = asyncio.ensure_future(running.attach(ROOM, ear.listener))
        await asyncio.sleep(0.02)
        running.publish([said(2)])
        stored.entries.append(said(2))
        await opening
        running.publish([said(3)])
        await ear.hears(3)

    play(scene, stored, layer)


def test_who_gives_up_while_the_room_opens_leaves_nothing_behind():
    layer = FailingLayer()
    layer.slowly = 0.05

    async def scene(running):
        opening = asyncio.ensure_future(running.attach(ROOM, Ear().listener))
        await asyncio.sleep(0.01)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        assert running.rooms == {}
        await until(lambda: ("discard", rings.group_of(ROOM)) in layer.calls)
        return layer.groups

    assert list(play(scene, layer=layer)) == [rings.MANY_ROOMS]


def test_a_room_that_closes_and_opens_again_is_still_heard():
    """The leave must not overtake the join, however slow the layer."""
    layer = FailingLayer()
    layer.slowly = 0.03

    async def scene(running):
        first, second = Ear(), Ear()
        room = await running.attach(ROOM, first.listener)
        running.detach(room, first.listener)
        await asyncio.sleep(0.01)
        again = await running.attach(ROOM, second.listener)
        assert again is not room
        await ring(layer, rings.of_entries(ROOM, [said(1)]))
        await second.hears(1)
        running.detach(again, second.listener)
        await until(lambda: layer.calls[-1] == ("discard", rings.group_of(ROOM)))

    play(scene, layer=layer)
    assert list(layer.groups) == [rings.MANY_ROOMS]


def test_with_the_database_away_nobody_is_let_in_and_later_ones_are():
    stored = Stored(said(1))
    stored.away = True

    async def scene(running):
        refused = await asyncio.gather(
            *(running.attach(ROOM, Ear().listener) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in refused] == [OperationalError] * 3
        assert running.rooms == {}
        stored.away = False
        room = await running.attach(ROOM, Ear().listener)
        return room.head

    assert play(scene, stored) == 1


def test_with_the_layer_away_a_room_opens_and_heals(monkeypatch):
    monkeypatch.setattr(doorbell, "PATIENCE", 0.05)
    monkeypatch.setattr(hub, "SWEEP_EVERY", 0.1)
    stored, layer = Stored(), FailingLayer()
    layer.away = True

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        running.publish([said(1)])
        stored.entries += [said(1), said(2)]
        await ear.hears(1, 2)
        layer.away = False
        await until(lambda: rings.group_of(ROOM) in layer.groups)

    play(scene, stored, layer)


def test_what_lasts_is_told_when_the_layer_is_back_and_what_is_found_by_seq_is_not(monkeypatch):
    monkeypatch.setattr(doorbell, "PATIENCE", 0.05)
    layer = FailingLayer()
    layer.away = True

    async def scene(running):
        lost = rung.lost
        running.reconsider_room(ROOM)
        running.publish([said(1)])
        await until(lambda: rung.lost == lost + 2)
        layer.away = False
        await until(lambda: "send" in dict(layer.calls))
        await asyncio.sleep(0.1)

    play(scene, layer=layer)
    assert [group for name, group in layer.calls if name == "send"] == [rings.group_of(ROOM)]


def test_a_ring_that_is_on_its_way_when_the_process_ends_arrives():
    layer = FailingLayer()

    async def scene(running):
        layer.slowly = 0.05
        running.publish([said(1)])
        await asyncio.sleep(0.02)

    play(scene, layer=layer)
    assert [group for name, group in layer.calls if name == "send"] == [rings.group_of(ROOM)]


def test_what_is_rung_close_together_is_sent_together_and_heard_in_order():
    layer = FailingLayer()

    async def scene(speaking):
        there = Exchange(layer)
        there.start()
        listening = Hub(there, Stored().facts())
        listening.start()
        ear = Ear()
        await listening.attach(ROOM, ear.listener)
        for seq in range(1, 101):
            speaking.publish([said(seq)])
            if seq % 25 == 0:
                await asyncio.sleep(0)
        await ear.hears(*range(1, 101))
        await listening.stop()
        await there.stop()

    play(scene, layer=layer)
    sent = [group for name, group in layer.calls if name == "send"]
    assert set(sent) == {rings.group_of(ROOM)}
    assert len(sent) <= 2 + 100 / doorbell.TOGETHER + 1


def test_a_ring_that_comes_alone_does_not_wait(monkeypatch):
    monkeypatch.setattr(doorbell, "TOGETHER_FOR", 60)
    layer = FailingLayer()

    async def scene(running):
        running.publish([said(1)])
        await asyncio.sleep(0.01)

    play(scene, layer=layer)
    assert [name for name, _ in layer.calls].count("send") == 1


def test_rings_that_come_early_late_and_twice_are_put_in_order():
    stored = Stored(*(said(seq) for seq in range(1, 7)))
    stored.entries.clear()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        for seq in (2, 1, 1, 4, 2, 3):
            running.publish([said(seq)])
        await ear.hears(1, 2, 3, 4)

    play(scene, stored)


def test_a_gap_is_filled_from_the_database(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 60)
    stored = Stored()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        stored.entries += [said(1), said(2), said(3)]
        running.publish([said(3)])
        await ear.hears(1, 2, 3)

    play(scene, stored)


def test_what_comes_while_a_gap_is_filled_is_not_left_waiting(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 60)
    stored = Stored()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)

        def meanwhile():
            stored.before_reading = lambda: None
            stored.entries += [said(3), said(4)]
            running.loop.call_soon_threadsafe(running.publish, [said(4)])

        stored.entries += [said(1), said(2)]
        stored.before_reading = meanwhile
        running.publish([said(2)])
        await ear.hears(1, 2, 3, 4)

    play(scene, stored)


def test_a_number_that_is_missing_for_ever_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 60)
    stored = Stored()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        stored.entries += [said(1), said(3)]
        running.publish([said(3)])
        await ear.hears(1, 3)
        running.publish([said(4)])
        await ear.hears(1, 3, 4)

    play(scene, stored)
    assert stored.reads <= 3


def test_a_ring_for_what_was_never_stored_is_forgotten():
    async def scene(running):
        ear = Ear()
        room = await running.attach(ROOM, ear.listener)
        running.publish([said(9)])
        running._on_ring(rings.of_entries(ROOM, [said(12)]))
        assert room.is_behind
        await until(lambda: not room.is_behind)
        running.publish([said(1)])
        await ear.hears(1)

    play(scene)


def test_what_is_too_large_for_a_ring_is_read():
    large = said(1, "x" * 4000), said(2, "y" * 4000), said(3, "z" * 4000)
    stored = Stored()
    ring = rings.of_entries(ROOM, large)

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        stored.entries += large
        running._on_ring(ring)
        await ear.hears(1, 2, 3)

    play(scene, stored)
    assert ring == {"room": ROOM, "seq": 3}
    assert "entries" in rings.of_entries(ROOM, large[:1])


def test_a_ring_nobody_understands_ends_nothing(monkeypatch, caplog):
    monkeypatch.setattr("core.background.RESTART_AFTER", 0.01)
    layer = InMemoryChannelLayer()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        await ring(layer, {"room": ROOM, "entries": b"from the future"})
        await asyncio.sleep(0.05)
        await ring(layer, rings.of_entries(ROOM, [said(1)]))
        await ear.hears(1)

    play(scene, layer=layer)
    assert "Doorbell._listen failed and is started again" in caplog.text


def test_entries_of_very_many_rooms_ring_together_and_are_heard_where_somebody_is():
    layer = FailingLayer()

    async def scene(running):
        there = Exchange(layer)
        there.start()
        ear, elsewhere = Ear(), Hub(there, Stored().facts())
        elsewhere.start()
        await there.heard(rings.MANY_ROOMS)
        await elsewhere.attach(ROOM, ear.listener)
        running.publish([said(1, room=room) for room in range(ROOM, ROOM + 10)])
        await ear.hears(1)
        await elsewhere.stop()
        await there.stop()

    play(scene, layer=layer)
    assert [group for name, group in layer.calls if name == "send"] == [rings.MANY_ROOMS]


def test_what_rings_together_is_cut_where_it_grows_too_large():
    stored = {room: [said(1, "x" * 4000, room=room)] for room in range(1, 41)}

    rung = list(rings.of_rooms(stored))

    assert {group for group, _ in rung} == {rings.MANY_ROOMS}
    assert [ring["room"] for _, together in rung for ring in together["rooms"]] == list(stored)
    assert all(
        sum(len(ring["entries"]) for ring in together["rooms"]) <= rings.LARGEST_TOGETHER for _, together in rung
    )


def test_entries_of_few_rooms_ring_once_for_each():
    layer = FailingLayer()

    async def scene(running):
        running.publish([said(1), said(1, room=8), said(2), said(2, room=8)])
        await asyncio.sleep(0.05)

    play(scene, layer=layer)
    assert [call for call in layer.calls if call[0] == "send"] == [
        ("send", "conversation.7"),
        ("send", "conversation.8"),
    ]


def test_live_entries_wait_while_a_socket_resumes_and_come_after_its_end():
    stored = Stored(said(1), said(2))

    async def scene(running):
        ear = Ear()
        room = await running.attach(ROOM, ear.listener)

        def meanwhile():
            stored.entries.append(said(3))
            running.loop.call_soon_threadsafe(running.publish, [said(3)])

        stored.before_reading = meanwhile
        await running.resume(room, ear.listener, 0)
        await ear.hears(1, 2, 2, 3)
        return [event["text"].partition(",")[0] for event in ear.events]

    kinds = play(scene, stored)
    assert kinds == ['{"type":"message"', '{"type":"message"', '{"type":"resumed"', '{"type":"message"']


def test_too_many_live_entries_while_a_socket_resumes_make_it_ask_again(monkeypatch):
    monkeypatch.setattr(listener, "HELD_LIMIT", 10)
    stored = Stored(said(1))

    async def scene(running):
        ear = Ear()
        room = await running.attach(ROOM, ear.listener)

        def meanwhile():
            stored.before_reading = lambda: None
            more = [said(seq) for seq in range(2, 32)]
            stored.entries += more
            running.loop.call_soon_threadsafe(running.publish, more)

        stored.before_reading = meanwhile
        await running.resume(room, ear.listener, 0)
        await ear.hears(1, 1)
        assert '"complete":false' in ear.events[-1]["text"]
        await running.resume(room, ear.listener, 1)
        await ear.hears(1, 1, *range(2, 32), 31)

    play(scene, stored)


def test_a_resume_from_beyond_the_end_is_told_where_the_end_is_and_hears_what_follows():
    stored = Stored(said(1))

    async def scene(running):
        ear = Ear()
        room = await running.attach(ROOM, ear.listener)
        await running.resume(room, ear.listener, 2**62)
        running.publish([said(2)])
        await ear.hears(1, 2)

    play(scene, stored)


def test_a_resume_that_fails_loses_nothing_live():
    stored = Stored(said(1))

    async def scene(running):
        ear = Ear()
        room = await running.attach(ROOM, ear.listener)
        stored.away = True
        resuming = asyncio.ensure_future(running.resume(room, ear.listener, 0))
        await asyncio.sleep(0)
        running.publish([said(2)])
        with pytest.raises(OperationalError):
            await resuming
        await ear.hears(2)

    play(scene, stored)


def test_who_never_reads_is_not_waited_for_and_delays_nobody(monkeypatch):
    monkeypatch.setattr(outbox, "BUDGET_BYTES", 2000)

    async def scene(running):
        slow, quick = Ear(2), Ear(3)
        slow.is_reading.clear()
        for ear in (slow, quick):
            await running.attach(ROOM, ear.listener)
        for seq in range(1, 101):
            running.publish([said(seq, "x" * 100)])
            await asyncio.sleep(0)
        await quick.hears(*range(1, 101))
        held = slow.listener.outbox.pending
        slow.is_reading.set()
        await until(lambda: slow.events and slow.events[-1]["type"] == "websocket.close")
        return held, slow.events[-1]

    held, last = play(scene)
    assert held < 5000
    assert last == {"type": "websocket.close", "code": TOO_SLOW}


def test_who_stops_reading_during_a_resume_is_closed(monkeypatch):
    monkeypatch.setattr(outbox, "DRAIN_PATIENCE", 0.1)
    monkeypatch.setattr(outbox, "BUDGET_BYTES", 2000)
    monkeypatch.setattr(listener, "CHUNK_BYTES", 1500)
    stored = Stored(*(said(seq, "x" * 500) for seq in range(1, 50)))

    async def scene(running):
        ear = Ear()
        ear.is_reading.clear()
        room = await running.attach(ROOM, ear.listener)
        await asyncio.wait_for(running.resume(room, ear.listener, 0), 2)
        ear.is_reading.set()
        await until(lambda: ear.events)
        return ear.events

    assert play(scene, stored) == [{"type": "websocket.close", "code": TOO_SLOW}]


def test_a_large_burst_goes_out_in_slices_and_closes_nobody(monkeypatch):
    monkeypatch.setattr("chat.realtime.room.FLUSH_BYTES", 5000)
    monkeypatch.setattr(outbox, "BUDGET_BYTES", 10_000)

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        running.publish([said(seq, "x" * 500) for seq in range(1, 101)])
        await ear.hears(*range(1, 101))

    play(scene)


def test_whispers_are_told_together_the_latest_of_each_user():
    async def scene(running):
        ear = Ear(1)
        await running.attach(ROOM, ear.listener)
        running.whisper(ROOM, Whisper("typing", 9, "warm up"))
        await asyncio.sleep(0.02)
        for seq in range(1, 50):
            running.whisper(ROOM, Whisper("read", 2, "ben", seq=seq))
        running.whisper(ROOM, Whisper("user_left", 3, "carl", online=1))
        running.whisper(ROOM, Whisper("user_joined", 3, "carl", online=2))
        running.whisper(ROOM, Whisper("typing", 1, "myself", others_only=True))
        await asyncio.sleep(0.2)
        return [event["text"] for event in ear.events]

    assert play(scene) == [
        '{"type":"typing","user":"warm up"}',
        '{"type":"read","user":"ben","seq":49}',
        '{"type":"user_joined","user":"carl","online":2}',
    ]


def test_nobody_seems_to_type_after_they_have_said_it():
    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        running.whisper(ROOM, Whisper("typing", 5, "warm up"))
        await asyncio.sleep(0.02)
        running.whisper(ROOM, Whisper("typing", 1, "user1"))
        running.publish([said(1, sender_id=1)])
        await asyncio.sleep(0.2)
        return len(ear.events)

    assert play(scene) == 2


def test_an_idle_hub_asks_the_database_nothing(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 0.02)
    stored = Stored()

    async def scene(running):
        await asyncio.sleep(0.2)

    play(scene, stored)
    assert stored.reads == 0


def test_a_sweep_with_the_database_away_is_not_the_last_one(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 0.05)
    stored = Stored()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        stored.away, reads = True, stored.reads
        await until(lambda: stored.reads > reads + 1)
        stored.away = False
        stored.entries.append(said(1))
        await ear.hears(1)

    play(scene, stored)


def test_a_conversation_that_is_gone_makes_its_listeners_look(monkeypatch):
    monkeypatch.setattr(hub, "SWEEP_EVERY", 0.05)
    stored = Stored()

    async def scene(running):
        ear = Ear()
        await running.attach(ROOM, ear.listener)
        stored.gone = True
        await until(lambda: ear.reconsidered)

    play(scene, stored)
