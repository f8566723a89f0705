from decimal import Decimal

import pytest

from analytics.platform import PlanShare
from analytics.showing import plans_chart


def slices(*counts):
    shares = [PlanShare(number, f"Plan {number}", count, Decimal(0)) for number, count in enumerate(counts)]
    return [(row.label, row.cells[0].value) for row in plans_chart(shares).rows]


@pytest.mark.parametrize("plans", [0, 1, 6])
def test_as_many_plans_as_there_are_colours_stand_alone(plans):
    assert slices(*range(plans, 0, -1)) == [(f"Plan {number}", plans - number) for number in range(plans)]


def test_of_more_plans_the_smallest_stand_together():
    assert slices(1, 9, 2, 8, 3, 7, 6)[-2:] == [("Plan 4", 3), ("2 others", 3)]
    assert len(slices(*range(40))) == 6
