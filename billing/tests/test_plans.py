from decimal import Decimal

import pytest

from billing.errors import CurrencyUnknown, PlanInUse, PlanTaken, PriceRefused
from billing.events import PlanChanged, PlanCreated
from billing.models import Plan
from billing.services.plans import change_plan, create_plan
from core.errors import NotFound
from core.events import with_it

FIELDS = {"name": "Basic", "price": Decimal("29.00"), "currency": "GBP", "period": "month"}
ANNOUNCED: list = []
with_it(PlanCreated)(ANNOUNCED.append)
with_it(PlanChanged)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


def test_a_plan_is_made_with_a_slug_of_its_name(superuser, announced):
    plan = create_plan(fields={**FIELDS, "name": "Premium Plus"}, by=superuser)

    assert Plan.objects.values("slug", "name", "price", "currency", "period", "is_active").get() == {
        "slug": "premium-plus",
        "name": "Premium Plus",
        "price": Decimal("29.00"),
        "currency": "GBP",
        "period": "month",
        "is_active": True,
    }
    assert announced == [PlanCreated(plan_id=plan.pk, by_id=superuser.pk)]


def test_a_name_without_letters_still_makes_a_slug(superuser):
    assert create_plan(fields={**FIELDS, "name": "★"}, by=superuser).slug == "plan"


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (["!!!", "???", "金", "Plan"], ["plan", "plan-2", "plan-3", "plan-4"]),
        (["Gold 2", "Gold", "gold", "GOLD"], ["gold-2", "gold", "gold-3", "gold-4"]),
        (["x" * 60, "x" * 59], ["x" * 40, "x" * 40 + "-2"]),
    ],
)
def test_names_alike_make_numbered_slugs(names, slugs, superuser):
    assert [create_plan(fields={**FIELDS, "name": name}, by=superuser).slug for name in names] == slugs


def test_a_name_that_was_given_up_can_be_taken(plan, superuser):
    change_plan(plan_id=plan.pk, changes={"name": "Basic Plus"}, by=superuser)

    assert create_plan(fields=FIELDS, by=superuser).slug == "basic-2"


def test_a_second_plan_of_the_name_is_refused(plan, superuser):
    with pytest.raises(PlanTaken) as refusal:
        create_plan(fields=FIELDS, by=superuser)

    assert refusal.value.fields == {"name": ["Another plan is called that."]}
    assert Plan.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"price": Decimal("-0.01")}, PriceRefused),
        ({"price": Decimal("0.001")}, PriceRefused),
        ({"price": Decimal(10) ** 8}, PriceRefused),
        ({"currency": "gbp"}, CurrencyUnknown),
        ({"currency": "£"}, CurrencyUnknown),
    ],
)
def test_a_bad_price_is_refused(fields, error, superuser):
    with pytest.raises(error):
        create_plan(fields={**FIELDS, **fields}, by=superuser)

    assert not Plan.objects.exists()


def test_a_plan_in_use_changes_its_price_but_not_its_currency(subscription, superuser, announced):
    plan_id = subscription.plan_id
    change_plan(plan_id=plan_id, changes={"price": Decimal("35.00"), "currency": "GBP"}, by=superuser)

    with pytest.raises(PlanInUse):
        change_plan(plan_id=plan_id, changes={"price": Decimal("1.00"), "currency": "EUR"}, by=superuser)

    assert Plan.objects.values_list("price", "currency").get() == (Decimal("35.00"), "GBP")
    assert announced == [PlanChanged(plan_id=plan_id, fields=("price",), by_id=superuser.pk)]


def test_changing_nothing_announces_nothing(plan, superuser, announced):
    change_plan(plan_id=plan.pk, changes={"name": "Basic"}, by=superuser)

    assert announced == []


def test_an_unknown_plan_is_not_found(superuser, db):
    with pytest.raises(NotFound):
        change_plan(plan_id=404, changes={}, by=superuser)
