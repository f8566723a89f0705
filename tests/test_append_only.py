"""What stands in a table that only grows is kept by the database itself, from everyone."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse
from django.utils import timezone

from activity.models import ActivityEntry
from activity.services import record_activity
from billing.models import CouponRedemption, Payment, Refund
from core import sql
from tests.admin_rows import MAKERS

KEPT = (ActivityEntry, Payment, Refund, CouponRedemption)


@pytest.fixture(params=KEPT, ids=lambda model: model.__name__)
def row(request, db):
    return MAKERS[request.param](1)


def test_no_row_is_deleted(row):
    for attempt in (row.delete, type(row).objects.filter(pk=row.pk)._raw_delete):
        arguments = (connection.alias,) if attempt.__name__ == "_raw_delete" else ()
        with pytest.raises((IntegrityError, models.ProtectedError)), transaction.atomic():
            attempt(*arguments)

    assert type(row).objects.filter(pk=row.pk).exists()


def test_no_column_is_changed(row):
    table = row._meta.db_table
    for field in row._meta.concrete_fields:
        if field.name == "refunded":
            continue
        statement = f'UPDATE {table} SET "{field.column}" = "{field.column}"'
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            sql.run(statement)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_no_table_is_emptied_at_a_stroke(row):
    sql.run("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        sql.run(f"TRUNCATE {row._meta.db_table} CASCADE")

    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE")
def test_no_row_is_replaced(row):
    table = row._meta.db_table

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        sql.run(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


def test_only_a_payments_refunds_are_counted_on(db):
    payment = MAKERS[Payment](1)

    Payment.objects.update(refunded=Decimal(1))

    payment.refresh_from_db()
    assert payment.refunded == 1


def test_what_was_refunded_does_not_become_less(db):
    payment = MAKERS[Payment](1)
    Payment.objects.update(refunded=Decimal("1.50"))

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Payment.objects.update(refunded=Decimal("1.49"))

    payment.refresh_from_db()
    assert payment.refunded == Decimal("1.50")


def test_saving_an_entry_again_is_refused(db):
    entry = record_activity(type="tried", actor_id=None, summary="Tried")
    entry.summary, entry.at = "Never", timezone.now()

    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()

    assert ActivityEntry.objects.get().summary == "Tried"


def test_who_is_in_the_log_is_not_deleted(customer):
    record_activity(type="tried", actor_id=customer.pk, summary="Tried")

    with pytest.raises(models.ProtectedError):
        customer.delete()


def test_the_admin_shows_it_only(visitor, customer):
    entry = record_activity(type="tried", actor_id=customer.pk, summary="Tried")
    change = reverse("admin:activity_activityentry_change", args=[entry.pk])

    answers = [visitor.post(change, {"summary": "Never"}), visitor.get(reverse("admin:activity_activityentry_add"))]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert ActivityEntry.objects.get(pk=entry.pk).summary == "Tried"


def test_a_long_summary_is_cut(db):
    record_activity(type="tried", actor_id=None, summary="x" * 300)

    assert ActivityEntry.objects.get().summary == "x" * 255
