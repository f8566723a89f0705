"""Amounts to the cent, and the calendar that they are paid by."""

import re
from calendar import monthrange
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from billing.errors import AmountRefused, CurrencyUnknown, PriceRefused
from billing.models import CENT, Coupon, Plan

TOO_MUCH = Decimal(10) ** 8
MONTHS = {Plan.Period.MONTH: 1, Plan.Period.YEAR: 12}


def check_currency(currency: str) -> None:
    """Raises CurrencyUnknown."""
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise CurrencyUnknown


def check_amount(amount: Decimal) -> None:
    """More than nothing, whole cents, and what a column holds. Raises AmountRefused."""
    if not 0 < amount < TOO_MUCH or amount != amount.quantize(CENT):
        raise AmountRefused


def check_price(price: Decimal) -> None:
    """As an amount, or nothing. Raises PriceRefused."""
    if not 0 <= price < TOO_MUCH or price != price.quantize(CENT):
        raise PriceRefused


def discount_on(price: Decimal, coupon: Coupon) -> Decimal:
    """What the coupon takes off; never more than the price. Half a cent is a whole one."""
    if coupon.amount is not None:
        return min(coupon.amount, price)
    return (price * Decimal(coupon.percent or 0) / 100).quantize(CENT, ROUND_HALF_UP)


def one_period_after(moment: datetime, period: str) -> datetime:
    """The same day and time of the month to come, or that month's last day where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + MONTHS[Plan.Period(period)], 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
