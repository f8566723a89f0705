import uuid
from datetime import timedelta

import pytest
from django.db.models import F, FloatField, IntegerField
from django.db.models.functions import Cast
from django.utils import timezone

from core.errors import Invalid
from core.models import IdempotentRequest, RateWindow
from core.pagination import keyset_page
from core.prepared import Prepared, Slot

pytestmark = pytest.mark.django_db


def walk(rows, order_by, limit):
    found, cursor = [], ""
    while True:
        page = keyset_page(rows, order_by=order_by, limit=limit, cursor=cursor)
        found.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found


def make_windows():
    start = timezone.now()
    RateWindow.objects.bulk_create(
        RateWindow(key=f"k{n:02}", count=n % 3, started_at=start + timedelta(seconds=n % 4)) for n in range(23)
    )


@pytest.mark.parametrize("limit", [1, 4, 23, 200])
@pytest.mark.parametrize(
    "order_by",
    [
        ("key",),
        ("-key",),
        ("count", "key"),
        ("-count", "key"),
        ("-started_at", "count", "-key"),
        ("started_at", "-key"),
    ],
)
def test_pages_hold_every_row_once_and_in_order(order_by, limit):
    make_windows()

    found = walk(RateWindow.objects.all(), order_by, limit)

    assert found == list(RateWindow.objects.order_by(*order_by))


@pytest.mark.parametrize("limit", [1, 4, 200])
@pytest.mark.parametrize("order_by", [("-key",), ("-started_at", "count", "-key")])
def test_pages_of_a_prepared_query(order_by, limit):
    make_windows()
    counted = Prepared(lambda: RateWindow.objects.filter(count=Slot("count", IntegerField())))

    found = {count: walk(counted.bound(count=count), order_by, limit) for count in (0, 1, 5)}

    assert found == {count: list(RateWindow.objects.filter(count=count).order_by(*order_by)) for count in (0, 1, 5)}


def test_pages_over_a_computed_number():
    make_windows()
    rows = RateWindow.objects.annotate(ratio=Cast(F("count"), FloatField()) / 7.0)

    found = walk(rows, ("-ratio", "key"), 2)

    assert [row.key for row in found] == [row.key for row in rows.order_by("-ratio", "key")]


def test_pages_over_uuids():
    now = timezone.now()
    IdempotentRequest.objects.bulk_create(
        IdempotentRequest(scope=f"s{n}", fingerprint="", claim=uuid.uuid4(), claimed_until=now, created_at=now)
        for n in range(9)
    )

    found = walk(IdempotentRequest.objects.all(), ("-created_at", "claim"), 2)

    assert found == list(IdempotentRequest.objects.order_by("claim"))


def test_the_cursor_of_another_list_is_refused():
    make_windows()
    windows = RateWindow.objects.all()
    cursor = keyset_page(windows, order_by=("key",), limit=1).next_cursor

    for rows, order_by in ((windows, ("-key",)), (IdempotentRequest.objects.all(), ("key",))):
        with pytest.raises(Invalid) as refusal:
            keyset_page(rows, order_by=order_by, limit=1, cursor=cursor)
        assert refusal.value.fields == {"cursor": ["This cursor is not one of this list's."]}
