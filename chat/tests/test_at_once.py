"""Many threads, each with a database connection of its own, at the same conversations."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from activity.models import FeedEntry
from chat.models import Change, Conversation, Message, Participant, Reaction
from chat.services.changes import react
from chat.services.conversations import ensure_group, mark_read, open_private_chat
from chat.services.posting import NewMessage, Posted, post_in_channel, post_messages
from notifications.models import Notification
from venues.models import Venue
from workspaces.services.channels import create_channel
from workspaces.services.members import take_in
from workspaces.services.workspaces import create_workspace

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

THREADS = 20


def at_once(acts):
    """What each act returned. All threads start together; connections go back after each act, as the server's do."""
    start = Barrier(min(THREADS, len(acts)))

    def run(act):
        try:
            return act()
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(min(THREADS, len(acts)), initializer=start.wait) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def people(make_user):
    return [make_user(f"user{n}") for n in range(4)]


@pytest.fixture
def rooms(people):
    """Everyone's chat with the first."""
    first = people[0]
    return {other: open_private_chat(by=first, username=other.username).conversation for other in people[1:]}


def assert_whole(conversation):
    """Every number from 1 to the counter belongs to exactly one message or change."""
    seqs = [
        *Message.objects.filter(conversation=conversation).values_list("seq", flat=True),
        *Change.objects.filter(conversation=conversation).values_list("seq", flat=True),
    ]
    assert sorted(seqs) == list(range(1, Conversation.objects.get(pk=conversation.pk).last_seq + 1))


def test_seqs_have_no_gaps_and_nothing_deadlocks(people, rooms):
    """20 threads, 50 messages each, in batches that touch the same conversations in every order."""
    first = people[0]

    def poster(number):
        chance = random.Random(number)

        def post():
            results = []
            for start in range(0, 50, 5):
                batch = [
                    NewMessage(rooms[other].pk, chance.choice([first, other]), f"{number} {start + n}")
                    for n, other in enumerate(chance.choices(people[1:], k=5))
                ]
                results += post_messages(batch)
            return results

        return post

    results = [result for batch in at_once([poster(number) for number in range(THREADS)]) for result in batch]

    assert Counter(type(result) for result in results) == {Posted: 1000}
    assert Message.objects.count() == 1000
    for conversation in rooms.values():
        assert_whole(conversation)


def test_each_threads_messages_stay_in_its_order(people, rooms):
    room = rooms[people[1]]

    def poster(number):
        return lambda: [post_messages([NewMessage(room.pk, people[0], f"{number} {n}")]) for n in range(10)]

    at_once([poster(number) for number in range(10)])

    bodies = [body.split() for body in Message.objects.order_by("seq").values_list("body", flat=True)]
    for number in range(10):
        assert [int(n) for thread, n in bodies if int(thread) == number] == list(range(10))


def test_a_client_id_sent_100_times_at_once_is_stored_once(people, rooms):
    item = NewMessage(rooms[people[1]].pk, people[0], "Hello", client_id="the-one")

    results = [result for (result,) in at_once([lambda: post_messages([item])] * 100)]

    message = Message.objects.get()
    assert Counter((result.message.pk, result.message.seq, result.is_new) for result in results) == {
        (message.pk, 1, True): 1,
        (message.pk, 1, False): 99,
    }
    assert Conversation.objects.get(pk=message.conversation_id).last_seq == 1


def test_two_people_opening_a_chat_at_once_get_the_same_one(people):
    one, other = people[:2]

    opened = at_once(
        [
            lambda by=by, name=name: open_private_chat(by=by, username=name)
            for by, name in [(one, other.username), (other, one.username)] * 20
        ]
    )

    assert Counter(chat.is_new for chat in opened) == {True: 1, False: 39}
    assert {chat.conversation.pk for chat in opened} == {Conversation.objects.get().pk}
    assert Participant.objects.count() == 2


def test_a_group_is_made_once(venue):
    made = at_once([lambda: ensure_group(Venue.objects.get(pk=venue.pk))] * 20)

    assert {conversation.pk for conversation in made} == {Conversation.objects.get().pk}


def test_toggling_at_once_never_doubles_a_reaction(people, rooms, say):
    room = rooms[people[1]]
    message = say(people[0], room)

    reacted = at_once([lambda: react(message_id=message.pk, by=people[1], emoji="👍")] * 21)

    by_seq = [one.added for one in sorted(reacted, key=lambda one: one.seq)]
    assert by_seq == [True, False] * 10 + [True]
    assert Reaction.objects.count() == 1
    assert_whole(room)


def test_reading_at_once_ends_at_the_furthest(people, rooms, say):
    room = rooms[people[1]]
    for n in range(20):
        say(people[0], room, str(n))

    at_once([lambda seq=seq: mark_read(by=people[1], chat_id=room.pk, seq=seq) for seq in random.sample(range(21), 21)])

    assert Participant.objects.get(conversation=room, user=people[1]).last_read_seq == 20


def test_what_is_said_in_a_channel_at_once_takes_one_order_and_is_shown_once_in_the_feed(people):
    """In batches as the sockets' writer gives them, and one by one as requests do, with mentions of one another."""
    first, *others = people
    workspace = create_workspace(name="Engineering Team", by=first)
    for other in others:
        take_in(workspace, other, "member", by_id=first.pk)
    channels = [create_channel(workspace=workspace, name=name, by=first) for name in ("general", "random")]
    rooms = [Conversation.objects.get(channel=channel) for channel in channels]
    names = " ".join(f"@{user.username}" for user in people)

    def batch(number):
        by = people[number % 4]
        return lambda: post_messages([NewMessage(room.pk, by, names, "", room.channel_id) for room in rooms * 3])

    def request(number):
        by, channel = people[number % 4], channels[number % 2]
        return lambda: [post_in_channel(by=by, channel_id=channel.pk, body=names)]

    acts = [make(number) for number in range(20) for make in (batch, request)]

    results = [result for one in at_once(acts) for result in one]

    assert Counter(type(result) for result in results) == {Posted: 140}
    assert sorted(room.messages.count() for room in rooms) == [70, 70]
    for room in rooms:
        assert_whole(room)
    assert FeedEntry.objects.filter(type="message_sent").values("ref_id").distinct().count() == 140
    assert Notification.objects.filter(kind="mention").count() == 3 * 140
