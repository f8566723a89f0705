"""What sockets do is counted."""

from collections import Counter

import pytest

from chat.realtime.figures import figures as real_time
from chat.realtime.process import Census, take_census
from core.realtime.figures import figures as rings
from core.surface.socket_figures import figures as sockets
from tests.sockets.client import Socket, play
from tests.sockets.conftest import bearer

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

GROUP = "/ws/group/anchor/"


def count():
    counted = Counter(received=Counter(sockets.received), sent=Counter(sockets.sent), closed=Counter(sockets.closed))
    return counted | {
        "open": sockets.open,
        "resumes": real_time.resumes,
        "rings": rings.sent,
        "batches": sum(real_time.batch_sizes.counts),
        "stored": real_time.batch_sizes.total,
        "let in": sum(sockets.opening_seconds.counts),
        "posted": sum(sockets.posting_seconds.counts),
    }


def test_frames_rooms_batches_waits_and_closes_are_counted(guests):
    seen = []
    ann_is, ben_is = bearer(guests[0]), bearer(guests[1])

    async def scene():
        ann = await Socket.open(GROUP, headers=ann_is)
        ben = await Socket.open(GROUP, headers=ben_is)
        await ben.send({"type": "resume", "since": 0})
        await ben.receive_type("resumed")
        seen.append((sockets.open, take_census()))
        await ann.send({"message": "Hello group!", "client_id": "1"})
        await ann.receive_type("ack")
        await ben.receive_type("message")
        await ben.send_unread("nonsense")
        await ben.receive_refusal()
        await ann.close()
        await ben.send({"message": "too late", "token": "wrong"})
        await ben.closed_with()

    before = count()
    play(scene)
    after = count()

    rise = {name: after[name] - before[name] for name in after}
    assert seen == [(before["open"] + 2, Census(rooms=1, listeners=2, waiting=0))]
    assert rise["received"] == {"message": 2, "resume": 1, "refused": 1}
    assert {kind: rise["sent"][kind] for kind in ("posted", "ack", "resumed", "error")} == {
        "posted": 2,
        "ack": 1,
        "resumed": 1,
        "error": 2,
    }
    assert rise["closed"] == {("client", "1000"): 1, ("server", "4003"): 1}
    assert (rise["open"], rise["resumes"], rise["batches"], rise["stored"]) == (0, 1, 1, 1)
    assert (rise["let in"], rise["posted"]) == (2, 1)
    assert rise["rings"] >= 1
    assert take_census() == Census()


@pytest.mark.parametrize(("code", "label"), [(1000, "1000"), (1001, "1001"), (4999, "other"), (3000, "other")])
def test_a_clients_own_idea_of_a_code_makes_no_label(code, label):
    before = Counter(sockets.closed)

    sockets.note_closed("client", code)

    assert Counter(sockets.closed) - before == {("client", label): 1}
