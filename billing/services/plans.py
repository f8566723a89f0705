from decimal import Decimal
from itertools import count
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.models import User
from billing import events
from billing.errors import PlanInUse, PlanTaken
from billing.models import Plan
from billing.money import check_currency, check_price
from core.errors import NotFound
from core.events import announce

FIXED_ONCE_USED = frozenset({"currency", "period"})
# Leaves room for a number.
SLUG_LENGTH = 40


class PlanFields(TypedDict, total=False):
    """What is to be written; what is missing stays as it is."""

    name: str
    price: Decimal
    currency: str
    period: str
    is_active: bool


@transaction.atomic
def create_plan(*, fields: PlanFields, by: User) -> Plan:
    """Its slug is made from its name, numbered where another plan has it, and stays.

    Raises PriceRefused, CurrencyUnknown and PlanTaken.
    """
    plan = Plan()
    _fill(plan, fields)
    _save_under_a_free_slug(plan)
    announce(events.PlanCreated(plan_id=plan.pk, by_id=by.pk))
    return plan


@transaction.atomic
def change_plan(*, plan_id: int, changes: PlanFields, by: User) -> Plan:
    """A new price is for payments from now on. One with subscriptions keeps its currency and period.

    Raises NotFound, PlanInUse and what `create_plan` raises.
    """
    plan = Plan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound
    changed = tuple(name for name, value in changes.items() if getattr(plan, name) != value)
    if FIXED_ONCE_USED & set(changed) and plan.subscriptions.exists():
        raise PlanInUse
    _fill(plan, changes)
    _save_unless_taken(plan)
    if changed:
        announce(events.PlanChanged(plan_id=plan.pk, fields=changed, by_id=by.pk))
    return plan


def _fill(plan: Plan, fields: PlanFields) -> None:
    for name, value in fields.items():
        setattr(plan, name, value)
    check_currency(plan.currency)
    check_price(plan.price)


def _save_under_a_free_slug(plan: Plan) -> None:
    """Another one, where somebody has just taken the one that was free."""
    while True:
        plan.slug = _free_slug(plan.name)
        try:
            return _save_unless_taken(plan)
        except PlanTaken:
            if not Plan.objects.filter(slug=plan.slug).exists():
                raise


def _free_slug(name: str) -> str:
    slug = slugify(name)[:SLUG_LENGTH] or "plan"
    taken = set(Plan.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbered = (f"{slug}-{number}" for number in count(2))
    return slug if slug not in taken else next(each for each in numbered if each not in taken)


def _save_unless_taken(plan: Plan) -> None:
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError:
        raise PlanTaken(fields={"name": [PlanTaken.message]}) from None
