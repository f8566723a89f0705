from django.db import migrations
from django.utils import timezone


def cancel(apps, schema_editor):
    """As closing one does now, and written down as it is."""
    written = apps.get_model("activity", "ActivityEntry").objects
    subscriptions = apps.get_model("billing", "Subscription").objects.exclude(status="cancelled")
    for subscription in subscriptions.filter(subscriber__venue__status="closed").select_related("subscriber"):
        old, subscription.status, subscription.cancelled_at = subscription.status, "cancelled", timezone.now()
        subscription.save(update_fields=["status", "cancelled_at"])
        written.create(
            type="subscription_status_changed",
            summary=f"The subscription of {subscription.subscriber.name} went from {old} to cancelled",
            target_type="subscription",
            target_id=str(subscription.pk),
        )


class Migration(migrations.Migration):
    dependencies = [
        ("venues", "0004_scans_by_visitor"),
        ("activity", "0001_the_log"),
        ("billing", "0002_plans_subscriptions_payments_and_coupons"),
    ]
    operations = [migrations.RunPython(cancel, migrations.RunPython.noop)]
