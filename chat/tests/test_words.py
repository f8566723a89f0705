"""Looking for words, however far apart the messages lie that say them."""

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import Message
from chat.selectors.words import Stretch, find_saying
from chat.services.conversations import ensure_channel_conversation

pytestmark = pytest.mark.django_db

IDS = (1, 2, 32_767, 32_768, 65_535, 65_536, 200_000, 200_001, 1_000_000)
SAID = (
    "Lunch, anybody?",
    "No lunch",
    "Needle",
    "lunch",
    "LUNCH at one",
    "Dinner",
    "lunch needle",
    "one lunch",
    "Lunch",
)


@pytest.fixture
def conversation(channel, boss, mate):
    """Every third message is the mate's."""
    conversation = ensure_channel_conversation(channel.channel_id)
    plant(conversation, [(pk, SAID[place], mate if place % 3 == 2 else boss) for place, pk in enumerate(IDS)])
    return conversation


def plant(conversation, said, first=1):
    Message.objects.bulk_create(
        Message(
            pk=pk,
            conversation=conversation,
            seq=seq,
            sender=by,
            body=body,
            in_channel=True,
            created_at=timezone.now(),
        )
        for seq, (pk, body, by) in enumerate(said, first)
    )


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5, 100])
@pytest.mark.parametrize(("after", "before"), [(0, 2**63 - 1), (1, 1_000_000), (32_767, 200_001), (70_000, 70_001)])
def test_the_newest_and_the_oldest_are_found_in_order(conversation, newest, count, after, before):
    lunches = [pk for pk, body in zip(IDS, SAID, strict=True) if "lunch" in body.lower() and after < pk < before]

    found = find_saying("lunch", [conversation.pk], Stretch(count, after, before, newest=newest))

    assert found == (lunches[::-1] if newest else lunches)[:count]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("needle", [200_000, 32_767]),
        ("needle LUNCH", [200_000]),
        ("lunch one", [200_001, 65_535]),
        ("nowhere", []),
        ("' \\ %s {}", []),
        ("lunch 'nowhere", []),
    ],
)
def test_all_words_are_said(conversation, words, found):
    assert find_saying(words, [conversation.pk], Stretch(10)) == found


@pytest.mark.parametrize("words", ["étude", "ÉTUDE", "Δέλτα", "ДОМ étude"])
def test_letters_of_any_alphabet_are_found_in_any_case(conversation, boss, words):
    plant(conversation, [(5, "Étude: δέλτα, Дом", boss)], first=100)

    assert find_saying(words, [conversation.pk], Stretch(10)) == [5]


@pytest.mark.parametrize("words", ["n..dle", "[a-z]", "é.*", "[à-ÿ]tude", "(é"])
def test_signs_stand_for_nothing_else(conversation, boss, words):
    plant(conversation, [(5, "Needle, étude", boss)], first=100)

    assert find_saying(words, [conversation.pk], Stretch(10)) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite compares parts of words")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('"one lunch"', [200_001]),
        ("needle or dinner", [200_000, 65_536, 32_767]),
        ("-lunch", [65_536, 32_767]),
        ("lunc", []),
        ("...", []),
    ],
)
def test_phrases_choices_and_what_is_not_said(conversation, words, found):
    assert find_saying(words, [conversation.pk], Stretch(10)) == found


def test_nothing_is_found_elsewhere_nor_of_those_who_are_not_to_be_heard(conversation, private_channel, boss, mate):
    elsewhere = ensure_channel_conversation(private_channel.channel_id)
    plant(elsewhere, [(3, "Lunch", boss), (200_002, "Lunch", mate)])
    both = [conversation.pk, elsewhere.pk]

    assert find_saying("lunch", [elsewhere.pk], Stretch(10)) == [200_002, 3]
    assert find_saying("lunch", both, Stretch(4), but_of=[mate.pk]) == [200_001, 200_000, 65_535, 32_768]
    assert find_saying("lunch", [], Stretch(10)) == find_saying("lunch", [elsewhere.pk + 9], Stretch(10)) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no index of words")
def test_words_are_found_by_the_index(conversation, plan_of):
    plan = plan_of(lambda: find_saying("lunch", [conversation.pk], Stretch(10)), without=["seqscan", "indexscan"])

    assert "Bitmap Index Scan on message_by_place_and_words" in plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no index of words")
def test_little_waits_to_be_sorted_into_the_index():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'message_by_place_and_words'")

        assert cursor.fetchone() == (["gin_pending_list_limit=256"],)
