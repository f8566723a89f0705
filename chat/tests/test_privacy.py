import pytest

from accounts.services.blocks import report_user
from accounts.services.privacy import anonymise_account, export_account
from chat.models import Evidence, Message, Mute
from chat.selectors.history import count_private_chats, messages_between, messages_of_venue, private_chats_between
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import mark_read, mute
from chat.tests.conftest import block

pytestmark = pytest.mark.django_db


def test_messages_stay_when_their_author_leaves_and_say_nothing_of_them(
    as_user, customer, friend, private_chat, group, owner, check_in, say
):
    check_in(customer)
    message = say(customer, private_chat, "Hello", client_id="phone-7")
    mute(by=owner, venue_id=group.venue_id, username=customer.username, minutes=5)

    anonymise_account(user=customer, by=customer)

    (row,) = as_user(friend).send("get", f"/private/{private_chat.pk}/history/").json()
    message.refresh_from_db()
    assert (row["message"], row["sender"].startswith("deleted-")) == ("Hello", True)
    assert message.client_id is None
    assert not Mute.objects.exists()
    assert as_user(friend).send("get", "/private/list/").json()["chats"][0]["participant"] == row["sender"]


def test_nobody_opens_a_chat_with_who_has_left(as_user, customer, friend, private_chat):
    anonymise_account(user=customer, by=customer)

    (chat,) = as_user(friend).send("get", "/private/list/").json()["chats"]
    answer = as_user(friend).send("post", "/private/create/", {"username": chat["participant"]})

    assert answer.status_code == 404


def test_everything_said_and_left_behind_is_exported(customer, friend, owner, private_chat, group, check_in, say):
    check_in(customer)
    mine, theirs, gone = say(customer, private_chat), say(friend, private_chat), say(customer, group, "oops")
    delete_message(message_id=gone.pk, by=customer)
    react(message_id=theirs.pk, by=customer, emoji="👍")
    mark_read(by=customer, chat_id=private_chat.pk, seq=2)
    muted = mute(by=owner, venue_id=group.venue_id, username=customer.username, minutes=5)

    held = export_account(customer)

    assert held["messages"] == [
        {
            "id": mine.pk,
            "body": "Hello",
            "created_at": mine.created_at,
            "edited_at": None,
            "chat_id": private_chat.pk,
            "kind": "private",
            "channel": None,
        }
    ]
    ((chat,), (reaction,)) = held["private_chats"], held["reactions"]
    assert (chat["chat_id"], chat["participant"], chat["last_read_seq"]) == (private_chat.pk, "bob", 2)
    assert (reaction["message_id"], reaction["emoji"]) == (theirs.pk, "👍")
    assert held["mutes"] == [{"until": muted.until, "venue": group.venue_id}]


def test_a_reported_message_is_kept_as_it_was(customer, friend, private_chat, say):
    message = say(friend, private_chat, "Something nasty")

    report = report_user(reported=friend, reason="Nasty", message_id=message.pk, by=customer)
    edit_message(message_id=message.pk, by=friend, body="Something nice")
    delete_message(message_id=message.pk, by=friend)

    evidence = Evidence.objects.get()
    assert (evidence.report, evidence.message, evidence.sender) == (report, message, friend)
    assert (evidence.body, evidence.sent_at) == ("Something nasty", message.created_at)


def test_what_was_seen_at_the_venue_can_be_reported_later(customer, friend, group, check_in, say):
    check_in(friend)
    check_in(customer).delete()
    message = say(friend, group, "Something nasty")
    block(customer, friend)

    report_user(reported=friend, reason="Nasty", message_id=message.pk, by=customer)

    assert Evidence.objects.get().body == "Something nasty"


@pytest.mark.parametrize("which", ["hidden", "deleted", "unknown", "huge", "none"])
def test_no_evidence_of_what_the_reporter_could_not_see(
    stranger, customer, friend, private_chat, group, owner, which, say
):
    deleted = say(owner, group)
    delete_message(message_id=deleted.pk, by=owner)
    ids = {"hidden": say(friend, private_chat).pk, "deleted": deleted.pk, "unknown": 0, "huge": 2**63 - 1, "none": None}

    report_user(reported=friend, reason="Nasty", message_id=ids[which], by=owner if which == "deleted" else stranger)

    assert not Evidence.objects.exists()


def test_analytics_count_what_was_said_and_opened(customer, group, private_chat, venue, owner, say):
    early = say(owner, group, "early")
    late = say(owner, group, "late")
    private = say(customer, private_chat)

    start, end = early.created_at, private.created_at
    assert list(messages_of_venue(venue, since=late.created_at)) == [late]
    assert list(messages_between(start, end).order_by("pk")) == [early, late]
    assert private_chats_between(private_chat.created_at, end).count() == count_private_chats() == 1
    assert not private_chats_between(end, end).exists()
    assert Message.objects.count() == 3
