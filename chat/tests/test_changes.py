from datetime import timedelta

import pytest
from django.utils import timezone

from chat import errors
from chat.models import Change, Conversation, Message, Reaction
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import close_group, mute
from chat.tests.conftest import block
from core.errors import NotFound

pytestmark = pytest.mark.django_db


def changes():
    return list(Change.objects.order_by("seq").values_list("seq", "kind", "message", "actor", "payload"))


def test_changes_take_their_numbers_between_the_messages(private_chat, customer, friend, say):
    first = say(customer, private_chat, "one")

    edit_message(message_id=first.pk, by=customer, body="uno")
    react(message_id=first.pk, by=friend, emoji="👍")
    delete_message(message_id=first.pk, by=customer)
    last = say(friend, private_chat, "two")

    assert (first.seq, last.seq) == (1, 5)
    assert changes() == [
        (2, "edited", first.pk, customer.pk, {}),
        (3, "reaction", first.pk, friend.pk, {"emoji": "👍", "added": True}),
        (4, "deleted", first.pk, customer.pk, {}),
    ]
    assert Conversation.objects.get().last_seq == 5


def test_a_message_is_edited_for_15_minutes(private_chat, customer, say, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    message = say(customer, private_chat, "one")

    time_machine.shift(timedelta(minutes=15))
    edited = edit_message(message_id=message.pk, by=customer, body=" two ")
    time_machine.shift(timedelta(microseconds=1))
    with pytest.raises(errors.EditTooLate):
        edit_message(message_id=message.pk, by=customer, body="three")

    message.refresh_from_db()
    assert (message.body, message.edited_at) == ("two", edited.edited_at)
    assert len(changes()) == 1


def test_the_same_text_again_is_no_edit(private_chat, customer, say):
    message = say(customer, private_chat, "one")

    edit_message(message_id=message.pk, by=customer, body="one")

    message.refresh_from_db()
    assert message.edited_at is None
    assert changes() == []


def test_nobody_edits_anothers_message(group, customer, owner, superuser, check_in, say):
    check_in(customer)
    message = say(customer, group, "one")

    for other in (owner, superuser):
        with pytest.raises(errors.NotYourMessage):
            edit_message(message_id=message.pk, by=other, body="two")

    assert changes() == []


def test_who_may_not_write_may_not_edit_or_react(group, private_chat, customer, friend, owner, check_in, say):
    check_in(customer)
    in_group, in_private = say(customer, group), say(customer, private_chat)
    mute(by=owner, venue_id=group.venue_id, username=customer.username, minutes=5)
    block(friend, customer)

    for act in (edit_message, react):
        text = {"body": "two"} if act is edit_message else {"emoji": "👍"}
        with pytest.raises(errors.Muted):
            act(message_id=in_group.pk, by=customer, **text)
        with pytest.raises(errors.Blocked):
            act(message_id=in_private.pk, by=customer, **text)

    assert changes() == []


def test_a_closed_group_does_not_change_but_loses_what_is_deleted(group, customer, owner, check_in, say):
    check_in(customer)
    message = say(customer, group)
    close_group(by=owner, venue_id=group.venue_id)

    with pytest.raises(errors.GroupClosed):
        edit_message(message_id=message.pk, by=customer, body="two")
    with pytest.raises(errors.GroupClosed):
        react(message_id=message.pk, by=customer, emoji="👍")
    delete_message(message_id=message.pk, by=customer)

    assert [kind for _, kind, *_ in changes()] == ["deleted"]


def test_a_deleted_message_is_empty_and_stays_so(private_chat, customer, say):
    message = say(customer, private_chat)
    react(message_id=message.pk, by=customer, emoji="👍")

    delete_message(message_id=message.pk, by=customer)
    delete_message(message_id=message.pk, by=customer)

    message.refresh_from_db()
    assert (message.body, message.is_deleted) == ("", True)
    assert not Reaction.objects.exists()
    assert [kind for _, kind, *_ in changes()] == ["reaction", "deleted"]
    with pytest.raises(errors.MessageIsDeleted):
        edit_message(message_id=message.pk, by=customer, body="two")
    with pytest.raises(errors.MessageIsDeleted):
        react(message_id=message.pk, by=customer, emoji="👍")


def test_owner_and_superuser_delete_any_message_of_the_group(
    group, private_chat, customer, friend, owner, other_owner, superuser, check_in, say
):
    check_in(customer)
    check_in(friend)
    first, second, private = say(customer, group), say(customer, group), say(customer, private_chat)

    with pytest.raises(errors.NotYourMessage):
        delete_message(message_id=first.pk, by=friend)
    for nobody in (other_owner, superuser, owner):
        with pytest.raises(NotFound):
            delete_message(message_id=first.pk if nobody == other_owner else private.pk, by=nobody)
    delete_message(message_id=first.pk, by=owner)
    delete_message(message_id=second.pk, by=superuser)

    assert list(Message.objects.filter(deleted_at=None)) == [private]


def test_ones_own_message_can_be_deleted_after_leaving_the_venue(group, customer, check_in, say):
    presence = check_in(customer)
    message = say(customer, group)
    presence.delete()

    delete_message(message_id=message.pk, by=customer)

    message.refresh_from_db()
    assert message.is_deleted


def test_a_reaction_is_put_and_taken_away(private_chat, customer, friend, say):
    message = say(customer, private_chat)

    acts = [(friend, "👍"), (friend, "❤️"), (customer, "👍"), (friend, "👍")]
    reacted = [react(message_id=message.pk, by=by, emoji=emoji) for by, emoji in acts]

    assert [(one.seq, one.user, one.emoji, one.added) for one in reacted] == [
        (2, "bob", "👍", True),
        (3, "bob", "❤️", True),
        (4, "ann", "👍", True),
        (5, "bob", "👍", False),
    ]
    assert set(Reaction.objects.values_list("user", "emoji")) == {(friend.pk, "❤️"), (customer.pk, "👍")}


def test_reactions_of_one_user_under_one_message_are_bounded(private_chat, customer, say):
    message = say(customer, private_chat)
    for emoji in "🍎🍏🍊🍋🍌🍉🍇🍓🍈🍒":
        react(message_id=message.pk, by=customer, emoji=emoji)

    with pytest.raises(errors.TooManyReactions):
        react(message_id=message.pk, by=customer, emoji="🍑")

    assert len(changes()) == 10


@pytest.mark.parametrize(
    "emoji", ["👍", "❤️", "👨‍👩‍👧‍👦", "🇬🇧", "1️⃣", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "☺"]
)
def test_emoji_of_every_kind_are_taken(private_chat, customer, say, emoji):
    message = say(customer, private_chat)

    assert react(message_id=message.pk, by=customer, emoji=emoji).added


@pytest.mark.parametrize("text", ["", "a", "1", "<b>", "é", "👍 👍", "👍\x00", "\ud83d", "👍" * 17, "👍a", "\n"])
def test_words_are_no_emoji(private_chat, customer, say, text):
    message = say(customer, private_chat)

    with pytest.raises(errors.EmojiRefused):
        react(message_id=message.pk, by=customer, emoji=text)
