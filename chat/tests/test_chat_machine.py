"""Chat driven at random against a plain account of what should happen.

200 runs of 50 steps, which take minutes:
`pytest chat/tests/test_chat_machine.py --hypothesis-profile=thorough -o faulthandler_timeout=0`.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import User, UserType
from accounts.services.blocks import block_user, unblock_user
from chat.models import Change, Conversation, Message, Reaction
from chat.selectors.conversations import describe_private_chats, private_chats_of
from chat.selectors.history import Window, channel_history, find_in_workspace, private_history
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import (
    close_group,
    ensure_group,
    mark_channel_read,
    mark_read,
    mute,
    open_group,
    open_private_chat,
)
from chat.services.posting import NewMessage, post_in_channel, post_messages
from core.errors import DomainError
from core.pagination import keyset_page
from venues.models import Venue
from venues.services.presence import check_in_by_claim, check_out
from workspaces.models import Role
from workspaces.selectors import get_channel_for
from workspaces.services.channels import change_channel, create_channel, let_into_channel, put_out_of_channel
from workspaces.services.members import add_member, remove_member
from workspaces.services.workspaces import create_workspace

START = datetime(2026, 3, 1, 18, tzinfo=UTC)
STAY = timedelta(hours=6)
GUESTS = ("ann", "bob", "cat")
PEOPLE = (*GUESTS, "olga")
PRIVATE = {"ann-bob": ("ann", "bob"), "ann-cat": ("ann", "cat")}
CHANNELS = ("general", "leads")
ROOMS = (*PRIVATE, "group", *CHANNELS)
WINDOW = Window(limit=200)
EMOJI = ("👍", "🎯")

people = st.sampled_from(PEOPLE)
guests = st.sampled_from(GUESTS)
items = st.tuples(people, st.sampled_from(ROOMS), st.sampled_from(["", "a", "b"]), st.sampled_from(["Hello", " "]))


class Said:
    """A message as the account has it."""

    def __init__(self, pk, room, sender, seq, at):
        self.pk, self.room, self.sender, self.seq, self.at = pk, room, sender, seq, at
        self.body, self.deleted, self.reactions = "Hello", False, set()


class ChatMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.now = START
        self.users = {name: self.make_user(name) for name in PEOPLE}
        self.venue = Venue.objects.create(name="The Anchor", owner=self.users["olga"])
        self.rooms = {room: self.open_chat(*pair) for room, pair in PRIVATE.items()}
        self.rooms["group"] = ensure_group(self.venue).pk
        self.workspace = create_workspace(name="The Anchor", by=self.users["olga"])
        self.channels = {name: self.make_channel(name) for name in CHANNELS}
        self.rooms |= {name: channel.conversation.pk for name, channel in self.channels.items()}
        # Who is in the workspace, which channels are private, and who was let into them.
        self.members, self.private, self.inside = {"olga"}, {"leads"}, {("olga", "leads")}
        for guest in ("ann", "bob"):
            self.join_or_leave_the_workspace(guest)
            self.let_into_or_put_out_of_a_channel("olga", guest, "leads")
        self.here_until, self.muted_until, self.blocks, self.closed = {}, {}, set(), False
        self.said, self.named, self.seqs, self.read_until = [], {}, Counter(), Counter()

    def make_user(self, name):
        user_type = UserType.VENUE_OWNER if name == "olga" else UserType.CUSTOMER
        return User.objects.create(
            username=name, email=f"{name}@example.com", email_proved_at=START, user_type_id=user_type
        )

    def open_chat(self, one, other):
        return open_private_chat(by=self.users[one], username=other).conversation.pk

    def make_channel(self, name):
        return create_channel(workspace=self.workspace, name=name, is_private=name == "leads", by=self.users["olga"])

    def teardown(self):
        self.clock.stop()
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @rule(guest=guests)
    def come(self, guest):
        check_in_by_claim(user=self.users[guest], venue_id=self.venue.pk)
        self.here_until[guest] = self.now + STAY

    @rule(guest=guests)
    def leave(self, guest):
        check_out(user=self.users[guest])
        self.here_until.pop(guest, None)

    @rule(minutes=st.sampled_from([1, 15, 359]))
    def let_time_pass(self, minutes):
        self.now += timedelta(minutes=minutes)
        self.traveller.move_to(self.now, tick=False)

    @rule(blocker=guests, blocked=guests)
    def block_or_unblock(self, blocker, blocked):
        if blocker == blocked:
            return
        act = unblock_user if (blocker, blocked) in self.blocks else block_user
        act(blocked=self.users[blocked], by=self.users[blocker])
        self.blocks ^= {(blocker, blocked)}

    @rule(guest=guests, minutes=st.sampled_from([0, 5, 400]))
    def mute(self, guest, minutes):
        mute(by=self.users["olga"], venue_id=self.venue.pk, username=guest, minutes=minutes)
        self.muted_until[guest] = self.now + timedelta(minutes=minutes)

    @rule()
    def close_or_open(self):
        act = open_group if self.closed else close_group
        act(by=self.users["olga"], venue_id=self.venue.pk)
        self.closed = not self.closed

    @rule(guest=guests)
    def join_or_leave_the_workspace(self, guest):
        if guest in self.members:
            remove_member(workspace=self.workspace, user_id=self.users[guest].pk, by=self.users[guest])
            self.inside -= {(guest, channel) for channel in CHANNELS}
        else:
            email = self.users[guest].email
            add_member(workspace=self.workspace, email=email, role=Role.MEMBER, by=self.users["olga"])
        self.members ^= {guest}

    @rule(by=people, guest=guests, channel=st.sampled_from(CHANNELS))
    def let_into_or_put_out_of_a_channel(self, by, guest, channel):
        is_inside = (guest, channel) in self.inside
        act = put_out_of_channel if is_inside else let_into_channel
        refusals = {
            "not_found": not self.is_open(by, channel),
            "channel_is_public": channel not in self.private,
            "channel_not_yours": is_inside and by not in {guest, "olga"},
            "member_unknown": guest not in self.members,
        }
        expected = next((code for code, holds in refusals.items() if holds), "done")
        users = self.users

        assert expected == outcome_of(
            lambda: act(channel=self.channel(by, channel), user_id=users[guest].pk, by=users[by])
        )

        if expected == "done":
            self.inside ^= {(guest, channel)}

    @rule(by=people, channel=st.sampled_from(CHANNELS))
    def close_or_open_a_channel(self, by, channel):
        is_private = channel not in self.private
        expected = "done" if by == "olga" else "channel_not_yours" if self.is_open(by, channel) else "not_found"

        assert expected == outcome_of(
            lambda: change_channel(
                channel=self.channel(by, channel), fields={"is_private": is_private}, by=self.users[by]
            )
        )

        if expected == "done":
            self.private ^= {channel}
            self.inside = {(who, where) for who, where in self.inside if where != channel}
            self.inside |= {("olga", channel)} if is_private else set()

    def channel(self, by, name):
        return get_channel_for(self.users[by], self.channels[name].pk)

    @rule(batch=st.lists(items, min_size=1, max_size=5))
    def post(self, batch):
        results = post_messages([self.new_message(*item) for item in batch])

        self.note(batch, results)

    @rule(item=items)
    def say_in_a_channel(self, item):
        by, room, name, body = item
        if room not in CHANNELS:
            return
        try:
            result = post_in_channel(by=self.users[by], channel_id=self.channels[room].pk, body=body, client_id=name)
        except DomainError as refusal:
            result = refusal

        self.note([item], [result])

    def new_message(self, by, room, name, body):
        channel_id = self.channels[room].pk if room in CHANNELS else None
        return NewMessage(self.rooms[room], self.users[by], body, name, channel_id)

    def note(self, batch, results):
        said = list(zip(batch, results, strict=True))
        refused = [(item, result) for item, result in said if not self.note_stored(*item, result)]
        for item, result in refused:
            self.note_refused(*item, result)

    def note_stored(self, by, room, name, body, result):
        """Whether it had to be stored."""
        if (by, room, name) in self.named or self.why_not_said(by, room, body):
            return False
        assert (result.is_new, result.message.seq) == (True, self.next_seq(room))
        self.said.append(Said(result.message.pk, room, by, result.message.seq, self.now))
        if name:
            self.named[by, room, name] = self.said[-1]
        return True

    def note_refused(self, by, room, name, body, result):
        """What is stored under its name by now, be it of the same batch, is acknowledged whatever it says."""
        known = self.named.get((by, room, name))
        if known is not None:
            assert (result.is_new, result.message.pk, result.message.seq) == (False, known.pk, known.seq)
        else:
            assert result.code == self.why_not_said(by, room, body)

    def why_not_said(self, by, room, body):
        return self.why_not(by, room) or (None if body.strip() else "message_invalid")

    def next_seq(self, room):
        self.seqs[room] += 1
        return self.seqs[room]

    def why_not(self, by, room):
        """The code with which writing there is refused."""
        if room in PRIVATE:
            one, other = PRIVATE[room]
            refusals = {
                "not_found": by not in PRIVATE[room],
                "blocked": bool({(one, other), (other, one)} & self.blocks),
            }
        elif room in CHANNELS:
            refusals = {"not_found": not self.is_open(by, room)}
        else:
            refusals = {
                "group_closed": self.closed,
                "not_at_venue": not self.is_in_group(by),
                "muted": by != "olga" and self.muted_until.get(by, self.now) > self.now,
            }
        return next((code for code, holds in refusals.items() if holds), None)

    def is_in_group(self, by):
        return by == "olga" or self.here_until.get(by, self.now) > self.now

    def is_open(self, by, channel):
        return by in self.members and (channel not in self.private or (by, channel) in self.inside)

    def can_see(self, by, said):
        if said.room in CHANNELS:
            return self.is_open(by, said.room)
        return by == said.sender or (by in PRIVATE[said.room] if said.room in PRIVATE else self.is_in_group(by))

    @precondition(lambda self: self.said)
    @rule(by=people, pick=st.integers(0, 99), body=st.sampled_from(["Hello", "Bye", "Well"]))
    def edit(self, by, pick, body):
        said = self.said[pick % len(self.said)]
        refusals = {
            "not_found": not self.can_see(by, said),
            "not_your_message": by != said.sender,
            "message_deleted": said.deleted,
            "edit_too_late": self.now - said.at > timedelta(minutes=15),
        }
        expected = next((code for code, holds in refusals.items() if holds), self.why_not(by, said.room) or "done")

        assert outcome_of(lambda: edit_message(message_id=said.pk, by=self.users[by], body=body)) == expected

        if expected == "done" and said.body != body:
            said.body = body
            self.next_seq(said.room)

    @precondition(lambda self: self.said)
    @rule(by=people, pick=st.integers(0, 99))
    def delete(self, by, pick):
        said = self.said[pick % len(self.said)]
        may = by == said.sender or (by == "olga" and said.room not in PRIVATE)
        expected = "not_found" if not self.can_see(by, said) else "done" if may else "not_your_message"

        assert outcome_of(lambda: delete_message(message_id=said.pk, by=self.users[by])) == expected

        if expected == "done" and not said.deleted:
            said.body, said.deleted, said.reactions = "", True, set()
            self.next_seq(said.room)

    @precondition(lambda self: self.said)
    @rule(by=people, pick=st.integers(0, 99), emoji=st.sampled_from(EMOJI))
    def react(self, by, pick, emoji):
        said = self.said[pick % len(self.said)]
        refusals = {"not_found": not self.can_see(by, said), "message_deleted": said.deleted}
        expected = next((code for code, holds in refusals.items() if holds), self.why_not(by, said.room) or "done")

        assert outcome_of(lambda: react(message_id=said.pk, by=self.users[by], emoji=emoji)) == expected

        if expected == "done":
            said.reactions ^= {(by, emoji)}
            self.next_seq(said.room)

    @rule(by=people, room=st.sampled_from([*PRIVATE, *CHANNELS]), seq=st.integers(0, 12))
    def read(self, by, room, seq):
        user = self.users[by]
        may = by in PRIVATE[room] if room in PRIVATE else self.is_open(by, room)
        if may:
            self.read_until[by, room] = max(self.read_until[by, room], min(seq, self.seqs[room]))
        expected = self.read_until[by, room] if may else "not_found"

        if room in PRIVATE:
            assert answer_of(lambda: mark_read(by=user, chat_id=self.rooms[room], seq=seq)) == expected
        else:
            channel_id = self.channels[room].pk
            assert answer_of(lambda: mark_channel_read(by=user, channel_id=channel_id, seq=seq)) == expected

    @rule(by=people)
    def read_and_search_everywhere(self, by):
        for room in PRIVATE:
            expected = self.heard(by, room, blocks=set()) if by in PRIVATE[room] else "not_found"
            assert expected == shown(lambda room=room: private_history(self.users[by], self.rooms[room], WINDOW))
        for room, channel in self.channels.items():
            expected = self.heard(by, room, blocks=self.blocks) if self.is_open(by, room) else "not_found"
            assert expected == shown(lambda channel=channel: channel_history(self.users[by], channel.pk, WINDOW))
        for word in ("hello", "Bye"):
            assert self.found(by, word) == answer_of(lambda word=word: self.search(by, word))

    def search(self, by, word):
        found = find_in_workspace(self.users[by], self.workspace.pk, word)
        return [message.pk for message in keyset_page(found, order_by=("-id",), limit=200).items]

    def found(self, by, word):
        if by not in self.members:
            return "not_found"
        heard = [row for room in CHANNELS if self.is_open(by, room) for row in self.heard(by, room, blocks=self.blocks)]
        return sorted((pk for pk, body in heard if body.lower() == word.lower()), reverse=True)

    def heard(self, by, room, *, blocks):
        return [(said.pk, said.body) for said in self.said if said.room == room and (by, said.sender) not in blocks]

    @invariant()
    def numbers_have_no_gaps(self):
        taken = [row for model in (Message, Change) for row in model.objects.values_list("conversation", "seq")]
        counted = dict(Conversation.objects.values_list("pk", "last_seq"))

        assert counted == {pk: self.seqs[room] for room, pk in self.rooms.items()}
        assert sorted(taken) == sorted((pk, seq) for pk, last in counted.items() for seq in range(1, last + 1))

    @invariant()
    def messages_and_reactions_agree_with_the_account(self):
        messages = Message.objects.order_by("pk").values_list("pk", "seq", "sender__username", "body")
        reactions = set(Reaction.objects.values_list("message", "user__username", "emoji"))

        assert list(messages) == [(said.pk, said.seq, said.sender, said.body) for said in self.said]
        assert reactions == {(said.pk, *reaction) for said in self.said for reaction in said.reactions}

    @rule(name=guests)
    def look_at_the_list(self, name):
        chats = describe_private_chats(self.users[name], list(private_chats_of(self.users[name])))

        assert {chat.chat_id: chat.unread_count for chat in chats} == {
            self.rooms[room]: self.unread(name, room) for room, pair in PRIVATE.items() if name in pair
        }

    def unread(self, name, room):
        unread = [said for said in self.said if said.room == room and said.seq > self.read_until[name, room]]
        return sum(said.sender != name and not said.deleted for said in unread)


def outcome_of(act):
    """`done`, or the code of the refusal."""
    answer = answer_of(act)
    return answer if isinstance(answer, str) else "done"


def shown(read):
    """The messages of a page, or the code of the refusal."""
    page = answer_of(read)
    return page if isinstance(page, str) else [(message.pk, message.body) for message in page.messages]


def answer_of(act):
    """What it returns, or the code of the refusal."""
    try:
        return act()
    except DomainError as refusal:
        return refusal.code


@pytest.mark.django_db
def test_chat_does_what_a_plain_account_says(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_address": "1000/day"}

    run_state_machine_as_test(ChatMachine)
