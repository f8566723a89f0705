from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_the_log")]
    operations = [append_only("activity.ActivityEntry")]
