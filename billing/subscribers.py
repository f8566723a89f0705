"""What is written down of billing. A coupon's code is as good as money, so it is told by its id."""

from activity.services import Target, record_activity
from billing import events
from billing.selectors import get_payment, get_plan, get_refund, get_subscription
from core.events import with_it


@with_it(events.PlanCreated)
def plan_created(event: events.PlanCreated) -> None:
    plan = get_plan(event.plan_id)
    summary = f"Created the plan {plan.name} at {plan.price} {plan.currency} a {plan.period}"
    record_activity(type="plan_created", actor_id=event.by_id, summary=summary, target=Target("plan", plan.pk))


@with_it(events.PlanChanged)
def plan_changed(event: events.PlanChanged) -> None:
    plan = get_plan(event.plan_id)
    summary = f"Changed the plan {plan.name}: {', '.join(event.fields)}"
    record_activity(type="plan_changed", actor_id=event.by_id, summary=summary, target=Target("plan", plan.pk))


@with_it(events.SubscriptionStarted)
def subscription_started(event: events.SubscriptionStarted) -> None:
    started = get_subscription(event.subscription_id)
    record_activity(
        type="subscription_started",
        actor_id=event.by_id,
        summary=f"Subscribed {started.subscriber.name} to {started.plan.name} ({started.status})",
        target=Target("subscription", started.pk),
    )


@with_it(events.SubscriptionStatusChanged)
def subscription_status_changed(event: events.SubscriptionStatusChanged) -> None:
    changed = get_subscription(event.subscription_id)
    record_activity(
        type="subscription_status_changed",
        actor_id=event.by_id,
        summary=f"The subscription of {changed.subscriber.name} went from {event.old} to {event.new}",
        target=Target("subscription", changed.pk),
    )


@with_it(events.PaymentRecorded)
def payment_recorded(event: events.PaymentRecorded) -> None:
    payment = get_payment(event.payment_id)
    record_activity(
        type="payment_recorded",
        actor_id=event.by_id,
        summary=f"Recorded a payment of {payment.amount} {payment.currency} by {payment.subscription.subscriber.name}",
        target=Target("payment", payment.pk),
    )


@with_it(events.PaymentRefunded)
def payment_refunded(event: events.PaymentRefunded) -> None:
    refund = get_refund(event.refund_id)
    payment = refund.payment
    record_activity(
        type="payment_refunded",
        actor_id=event.by_id,
        summary=f"Refunded {refund.amount} {payment.currency} to {payment.subscription.subscriber.name}",
        target=Target("payment", payment.pk),
        details={"refund": refund.pk},
    )


@with_it(events.CouponCreated)
def coupon_created(event: events.CouponCreated) -> None:
    _of_coupon("coupon_created", "Created a coupon", event.coupon_id, event.by_id)


@with_it(events.CouponEnded)
def coupon_ended(event: events.CouponEnded) -> None:
    _of_coupon("coupon_ended", "Ended a coupon", event.coupon_id, event.by_id)


@with_it(events.CouponRedeemed)
def coupon_redeemed(event: events.CouponRedeemed) -> None:
    _of_coupon("coupon_redeemed", "Redeemed a coupon", event.coupon_id, event.by_id)


def _of_coupon(type: str, summary: str, coupon_id: int, by_id: int) -> None:
    record_activity(type=type, actor_id=by_id, summary=summary, target=Target("coupon", coupon_id))
