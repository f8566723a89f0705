from django.db import migrations

USER_TYPES = (
    (1, "influencer", "Influencer"),
    (2, "brand", "Brand"),
    (3, "entrepreneur", "Entrepreneur"),
    (4, "customer", "Customer"),
    (5, "venue_owner", "Venue owner"),
    (6, "superuser", "Superuser"),
    (7, "member", "Member"),
    (8, "vendor", "Vendor"),
    (9, "support", "Support"),
)


def create(apps, schema_editor):
    UserType = apps.get_model("accounts", "UserType")
    UserType.objects.bulk_create([UserType(id=pk, slug=slug, name=name) for pk, slug, name in USER_TYPES])


def remove(apps, schema_editor):
    apps.get_model("accounts", "UserType").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts")]
    operations = [migrations.RunPython(create, remove)]
