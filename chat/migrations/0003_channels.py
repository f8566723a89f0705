import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0002_socket_leases'),
        ('venues', '0004_scans_by_visitor'),
        ('workspaces', '0001_workspaces'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='conversation',
            name='private_has_a_pair_and_group_a_venue',
        ),
        migrations.AddField(
            model_name='conversation',
            name='channel',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='conversation', to='workspaces.channel'),
        ),
        migrations.AddField(
            model_name='message',
            name='in_channel',
            field=models.BooleanField(db_default=False, default=False, help_text='Kept with it for the index of words, which holds only what is said in channels.'),
        ),
        migrations.AlterField(
            model_name='conversation',
            name='kind',
            field=models.CharField(choices=[('private', 'Private'), ('group', 'Group'), ('channel', 'Channel')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', None), ('kind', 'private'), ('pair__isnull', False), ('venue', None)), models.Q(('channel', None), ('kind', 'group'), ('pair', None), ('venue__isnull', False)), models.Q(('channel__isnull', False), ('kind', 'channel'), ('pair', None), ('venue', None)), _connector='OR'), name='each_kind_has_what_it_is_of'),
        ),
    ]
