import uuid

from django.db import migrations


def name_the_first_edition(apps, schema_editor):
    apps.get_model("analytics", "RollupEdition").objects.get_or_create(pk=1, defaults={"name": uuid.uuid4()})


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_edition_of_the_rollups")]

    operations = [migrations.RunPython(name_the_first_edition, migrations.RunPython.noop)]
