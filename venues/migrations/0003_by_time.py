from django.db import migrations, models

from core.online_index import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('venues', '0002_venues_are_subscribers'),
    ]

    operations = [
        AddIndexOnline(
            model_name='venue',
            index=models.Index(fields=['created_at'], name='venue_by_age'),
        ),
        AddIndexOnline(
            model_name='scan',
            index=models.Index(fields=['scanned_at', 'venue'], name='scan_by_time'),
        ),
        AddIndexOnline(
            model_name='visit',
            index=models.Index(fields=['started_at', 'user'], name='visit_by_time'),
        ),
    ]
