import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_notifications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='InboxLease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.UUIDField(db_index=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'node'), name='inbox_leased_once_by_a_node')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('message', models.CharField(help_text="Without the actor's name, which stands before it when shown.", max_length=255)),
                ('details', models.JSONField(blank=True, default=dict, help_text='Ids of what it is about.')),
                ('dedupe_key', models.CharField(help_text='What is told of once.', max_length=200)),
                ('in_app', models.BooleanField(default=True, help_text='It is in the inbox; otherwise it only goes by e-mail.')),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('email_due_at', models.DateTimeField(blank=True, help_text='When it is mailed if it is unread then; empty once that is settled.', null=True)),
                ('mailed_at', models.DateTimeField(blank=True, help_text='When its mail was queued.', null=True)),
                ('actor', models.ForeignKey(blank=True, help_text="Whose doing it was, where it was somebody's.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recipient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('in_app', True)), fields=['recipient', '-id'], name='notification_by_recipient'), models.Index(condition=models.Q(('in_app', True), ('read_at', None)), fields=['recipient', '-id'], name='notification_unread'), models.Index(condition=models.Q(('email_due_at__isnull', False)), fields=['email_due_at'], name='notification_by_mail_due'), models.Index(fields=['created_at'], name='notification_by_age'), models.Index(condition=models.Q(('read_at__isnull', False)), fields=['read_at'], name='notification_by_reading')],
                'constraints': [models.UniqueConstraint(fields=('recipient', 'dedupe_key'), name='told_of_once')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('channel', models.CharField(choices=[('in_app', 'in the app'), ('email', 'by e-mail')], max_length=10)),
                ('enabled', models.BooleanField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notification_preferences', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('user', 'kind', 'channel'), name='preferred_once')],
            },
        ),
    ]
