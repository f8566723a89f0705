from django.db import migrations, models

from core.online_index import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0005_socket_tickets_and_ended_sessions'),
    ]

    operations = [
        AddIndexOnline(
            model_name='user',
            index=models.Index(fields=['user_type', 'date_joined'], name='user_by_age'),
        ),
    ]
