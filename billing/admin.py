from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from billing.models import (
    Coupon,
    CouponRedemption,
    Membership,
    Payment,
    Plan,
    Refund,
    Subscriber,
    Subscription,
)
from billing.services.coupons import CouponFields, create_coupon, end_coupon
from billing.services.memberships import end_membership, grant_membership
from billing.services.payments import record_payment, refund_payment
from billing.services.plans import PlanFields, change_plan, create_plan
from billing.services.subscriptions import LONGEST_TRIAL_DAYS, TRIAL_DAYS, cancel_subscription, start_subscription
from core.admin_kit import (
    AppendedAdmin,
    GovernedAdmin,
    GovernedForm,
    GrowingAdmin,
    ReadOnlyAdmin,
    actor,
    list_action,
    page_action,
)


@admin.register(Membership)
class MembershipAdmin(GovernedAdmin[Membership]):
    """Granting one takes the place of what the person was."""

    list_display = ("user", "tier", "is_live", "started_at", "ends_at")
    list_filter = ("tier", "started_at", "ends_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-started_at", "-id")
    autocomplete_fields = ("user",)
    readonly_fields = ("started_at",)
    fields = ("user", "tier", "ends_at", "started_at")
    actions = ("end",)

    @display(description="live", boolean=True)
    def is_live(self, membership: Membership) -> bool:
        return membership.ends_at is None or membership.ends_at > timezone.now()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.readonly_fields if obj is None else ("user", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        ends_at = form.cleaned_data["ends_at"]
        self.take_over(obj, grant_membership(user=obj.user, tier=form.cleaned_data["tier"], ends_at=ends_at))

    @list_action("End the selected memberships now")
    def end(self, request: HttpRequest, membership: Membership) -> None:
        end_membership(user=membership.user)


@admin.register(Plan)
class PlanAdmin(GovernedAdmin[Plan]):
    list_display = ("name", "price", "currency", "period", "is_active", "created_at")
    list_filter = ("period", "is_active", "created_at")
    search_fields = ("name", "slug")
    fields = ("name", ("price", "currency"), "period", "is_active", "slug", "created_at")
    readonly_fields = ("slug", "created_at")
    told = ("name", "currency")

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name in form.changed_data or not change}
        fields, by = cast(PlanFields, values), actor(request)
        stored = change_plan(plan_id=obj.pk, changes=fields, by=by) if change else create_plan(fields=fields, by=by)
        self.take_over(obj, stored)


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin[Subscriber]):
    """Made with the first subscription, on the page of the venue that is billed."""

    list_display = ("name", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name",)
    ordering = ("-id",)


class CouponCodeField(forms.CharField):
    def __init__(self, help_text: str) -> None:
        super().__init__(max_length=40, required=False, widget=UnfoldAdminTextInputWidget, help_text=help_text)


class SubscriptionForm(GovernedForm):
    trial_days = forms.IntegerField(
        min_value=1, max_value=LONGEST_TRIAL_DAYS, initial=TRIAL_DAYS, widget=UnfoldAdminIntegerFieldWidget
    )
    coupon = CouponCodeField("One that covers the whole price: the first period is then free.")


@admin.register(Subscription)
class SubscriptionAdmin(AppendedAdmin[Subscription]):
    """What happens to one later is done by payments, by time and by cancelling it."""

    form = SubscriptionForm
    asked = ("subscriber", "plan", "trial_days", "coupon")
    list_display = ("subscriber", "plan", "state", "starts_at", "current_period_ends_at", "cancelled_at")
    list_filter = ("status", "plan", "starts_at", "current_period_ends_at")
    list_select_related = ("subscriber", "plan")
    search_fields = ("subscriber__name", "plan__name")
    autocomplete_fields = ("subscriber", "plan")
    actions = ("cancel",)
    actions_detail = ("cancel_this",)

    @display(
        description="status",
        ordering="status",
        label={"trial": "info", "active": "success", "past_due": "warning", "cancelled": "danger"},
    )
    def state(self, subscription: Subscription) -> str:
        return subscription.status

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        started = start_subscription(
            subscriber=asked["subscriber"],
            plan_id=asked["plan"].pk,
            trial_days=asked["trial_days"],
            coupon=asked["coupon"],
            by=actor(request),
        )
        self.take_over(obj, started)

    @list_action("Cancel the selected now")
    def cancel(self, request: HttpRequest, subscription: Subscription) -> None:
        cancel_subscription(subscription_id=subscription.pk, by=actor(request))

    @page_action(
        "Cancel",
        question="It ends now. The subscriber can be given another one.",
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def cancel_this(self, request: HttpRequest, subscription: Subscription, form: Any) -> None:
        cancel_subscription(subscription_id=subscription.pk, by=actor(request))


class AmountField(forms.DecimalField):
    def __init__(self, help_text: str) -> None:
        widget = UnfoldAdminDecimalFieldWidget
        super().__init__(max_digits=10, decimal_places=2, required=False, widget=widget, help_text=help_text)


class PaymentForm(GovernedForm):
    amount = AmountField("The plan's price, unless given. With a coupon it is what that leaves of the price.")
    coupon = CouponCodeField("Its code, if there is one. One that covers the whole price pays for a period by itself.")


@admin.register(Payment)
class PaymentAdmin(AppendedAdmin[Payment]):
    form = PaymentForm
    asked = ("subscription", "amount", "coupon")
    list_display = ("paid_at", "payer", "plan", "amount", "currency", "discount", "refunded")
    list_filter = ("plan", "currency", "paid_at")
    list_select_related = ("subscription__subscriber", "plan")
    search_fields = ("subscription__subscriber__name", "plan__name")
    date_hierarchy = "paid_at"
    autocomplete_fields = ("subscription",)

    @display(description="subscriber", ordering="subscription__subscriber__name")
    def payer(self, payment: Payment) -> str:
        return payment.subscription.subscriber.name

    def save_model(self, request: HttpRequest, obj: Payment, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        payment = record_payment(
            subscription_id=asked["subscription"].pk, amount=asked["amount"], coupon=asked["coupon"], by=actor(request)
        )
        self.take_over(obj, payment)


class RefundForm(GovernedForm):
    amount = AmountField("All that is left of the payment, unless given.")


@admin.register(Refund)
class RefundAdmin(AppendedAdmin[Refund]):
    form = RefundForm
    asked = ("payment", "amount", "reason")
    list_display = ("refunded_at", "payment", "payer", "amount", "reason")
    list_filter = ("refunded_at",)
    list_select_related = ("payment__subscription__subscriber",)
    search_fields = ("reason", "payment__subscription__subscriber__name")
    autocomplete_fields = ("payment",)

    @display(description="subscriber")
    def payer(self, refund: Refund) -> str:
        return refund.payment.subscription.subscriber.name

    def save_model(self, request: HttpRequest, obj: Refund, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        refund = refund_payment(
            payment_id=asked["payment"].pk, amount=asked["amount"], reason=asked["reason"], by=actor(request)
        )
        self.take_over(obj, refund)


@admin.register(Coupon)
class CouponAdmin(AppendedAdmin[Coupon]):
    asked = (
        "code",
        "percent",
        "amount",
        "currency",
        "valid_from",
        "valid_until",
        "total_limit",
        "per_subscriber_limit",
    )
    list_display = ("code", "takes_off", "is_open", "valid_from", "valid_until", "used")
    list_filter = ("valid_from", "valid_until", "created_at")
    search_fields = ("code",)
    actions = ("end",)

    @display(description="takes off")
    def takes_off(self, coupon: Coupon) -> str:
        return f"{coupon.percent} %" if coupon.percent else f"{coupon.amount} {coupon.currency}"

    @display(description="open", boolean=True)
    def is_open(self, coupon: Coupon) -> bool:
        now = timezone.now()
        has_ended = coupon.valid_until is not None and coupon.valid_until <= now
        return coupon.valid_from <= now and not has_ended and coupon.remaining != 0

    @display(description="redeemed", ordering="redeemed_count")
    def used(self, coupon: Coupon) -> str:
        return f"{coupon.redeemed_count} of {coupon.total_limit}" if coupon.total_limit else str(coupon.redeemed_count)

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        fields = cast(CouponFields, {name: form.cleaned_data[name] for name in self.asked})
        self.take_over(obj, create_coupon(fields=fields, by=actor(request)))

    @list_action("End the selected now")
    def end(self, request: HttpRequest, coupon: Coupon) -> None:
        end_coupon(coupon_id=coupon.pk, by=actor(request))


@admin.register(CouponRedemption)
class CouponRedemptionAdmin(GrowingAdmin[CouponRedemption]):
    list_display = ("redeemed_at", "coupon", "subscriber", "discount", "currency", "payment")
    list_filter = ("redeemed_at",)
    list_select_related = ("coupon", "subscriber", "payment")
    search_fields = ("coupon__code", "subscriber__name")
