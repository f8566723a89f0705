from django.db import migrations

from core.append_only import append_only, changeable


class Migration(migrations.Migration):
    dependencies = [("activity", "0005_feeds_by_audience")]
    operations = [changeable("activity.ActivityEntry"), append_only("activity.ActivityEntry")]
