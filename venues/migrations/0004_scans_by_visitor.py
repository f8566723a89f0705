from django.db import migrations, models

from core.online_index import AddIndexOnline


class Migration(migrations.Migration):
    """What a venue's scans come to is read from this index alone: the rows lie scattered over everybody's."""

    atomic = False

    dependencies = [
        ('venues', '0003_by_time'),
    ]

    operations = [
        AddIndexOnline(
            model_name='scan',
            index=models.Index(fields=['venue', 'user', 'scanned_at'], include=['id'], name='scan_by_visitor'),
        ),
    ]
