from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_invitations'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='email',
            field=models.EmailField(
                blank=True, db_default='', editable=False, help_text='Where the link was mailed to.', max_length=254
            ),
        ),
    ]
