from core import errors


class TierUnknown(errors.Invalid):
    code = "tier_unknown"
    message = "There is no such membership tier."


class MembershipOver(errors.Invalid):
    code = "membership_over"
    message = "A membership must end in the future."


class PriceRefused(errors.Invalid):
    code = "price_refused"
    message = "A price is at least nothing, and below 100,000,000."

    def __init__(self) -> None:
        super().__init__(fields={"price": [self.message]})


class CurrencyUnknown(errors.Invalid):
    code = "currency_unknown"
    message = "Three capital letters, such as GBP."

    def __init__(self) -> None:
        super().__init__(fields={"currency": [self.message]})


class PlanTaken(errors.Invalid):
    """Another plan has the name. Names the field."""

    code = "taken"
    message = "Another plan is called that."


class PlanInUse(errors.Conflict):
    code = "plan_in_use"
    message = "This plan has subscriptions: its currency and period stay as they are."


class PlanNotOffered(errors.Invalid):
    """Unknown, or one that takes no new subscribers."""

    code = "plan_not_offered"
    message = "No plan that can be subscribed to has this id."

    def __init__(self) -> None:
        super().__init__(fields={"plan": [self.message]})


class AlreadySubscribed(errors.Conflict):
    code = "already_subscribed"
    message = "There is a live subscription already."


class SubscriptionUnknown(errors.Invalid):
    code = "subscription_unknown"
    message = "No subscription has this id."

    def __init__(self) -> None:
        super().__init__(fields={"subscription": [self.message]})


class SubscriptionCancelled(errors.Conflict):
    code = "subscription_cancelled"
    message = "This subscription is cancelled."


class AmountRefused(errors.Invalid):
    code = "amount_refused"
    message = "An amount is more than nothing, and below 100,000,000."

    def __init__(self, message: str = "") -> None:
        super().__init__(message, fields={"amount": [message or self.message]})


class PaidOutOfTime(errors.Invalid):
    code = "paid_out_of_time"
    message = "A payment comes after its subscription has begun, and not in the future."

    def __init__(self) -> None:
        super().__init__(fields={"paid_at": [self.message]})


class NothingToPay(errors.Invalid):
    code = "nothing_to_pay"
    message = "Nothing is left to pay."


class FullyRefunded(errors.Conflict):
    code = "fully_refunded"
    message = "Nothing of this payment is left to refund."


class CouponTaken(errors.Invalid):
    code = "taken"
    message = "There is a coupon with this code."

    def __init__(self) -> None:
        super().__init__(fields={"code": [self.message]})


class CouponInvalid(errors.Invalid):
    """What a new coupon says does not go together. Names the field."""

    code = "coupon_invalid"
    message = "This coupon cannot be."


class CouponRefused(errors.Invalid):
    """A coupon that does not serve here, whatever the reason."""

    message = "This coupon does not serve here."

    def __init__(self, message: str = "") -> None:
        super().__init__(message, fields={"coupon": [message or self.message]})


class CouponUnknown(CouponRefused):
    code = "coupon_unknown"
    message = "There is no such coupon."


class CouponNotStarted(CouponRefused):
    code = "coupon_not_started"
    message = "This coupon is not valid yet."


class CouponExpired(CouponRefused):
    code = "coupon_expired"
    message = "This coupon has expired."


class CouponOfAnotherCurrency(CouponRefused):
    code = "coupon_currency"
    message = "This coupon is in another currency."


class CouponWorthless(CouponRefused):
    code = "coupon_worthless"
    message = "This coupon takes nothing off this price."


class CouponPartial(CouponRefused):
    code = "coupon_partial"
    message = "This coupon leaves something to pay: give it with the payment."


class CouponUsedUp(errors.Conflict):
    code = "coupon_used_up"
    message = "This coupon is used up."


class CouponUsedBefore(errors.Conflict):
    code = "coupon_used_before"
    message = "This coupon has been used as often as one subscriber may."
