from decimal import Decimal

from analytics.platform import PlanShare
from analytics.showing import plans_chart


def test_the_table_of_plans_has_every_plan_however_small():
    shares = [PlanShare(number, f"Plan {number}", number, Decimal(0)) for number in range(9)]

    rows = [(row.label, row.cells[0].value) for row in plans_chart(shares).rows]

    assert rows == [(f"Plan {number}", number) for number in range(9)]
