from django.db import migrations, models

from core.append_only import append_only, changeable

Q = models.Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_reminders")]
    operations = [
        changeable("billing.Payment", but=("refunded",)),
        migrations.RemoveConstraint(model_name="payment", name="payment_is_of_something"),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, discount__gt=0), name="payment_or_its_discount_is_of_something"
            ),
        ),
        append_only("billing.Payment", but=("refunded",)),
    ]
