from django.db import migrations, models

from core.online_index import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('offers', '0001_offers'),
    ]

    operations = [
        AddIndexOnline(
            model_name='redemption',
            index=models.Index(fields=['redeemed_at', 'venue'], name='redemption_by_time'),
        ),
    ]
