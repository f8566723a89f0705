from django.db import migrations

from core.append_only import append_only, changeable


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_payments_of_nothing_where_a_coupon_covers_the_price")]
    operations = [
        changeable("billing.Payment", but=("refunded",)),
        append_only("billing.Payment", but=("refunded",)),
        changeable("billing.Refund"),
        append_only("billing.Refund"),
        changeable("billing.CouponRedemption"),
        append_only("billing.CouponRedemption"),
    ]
