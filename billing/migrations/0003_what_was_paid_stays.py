from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_plans_subscriptions_payments_and_coupons")]
    operations = [
        append_only("billing.Payment", but=("refunded",)),
        append_only("billing.Refund"),
        append_only("billing.CouponRedemption"),
    ]
