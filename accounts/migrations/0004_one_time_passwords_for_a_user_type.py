from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_mark_anonymised_accounts")]
    operations = [
        migrations.AddField(
            model_name="onetimepassword",
            name="user_type",
            field=models.CharField(
                blank=True, help_text="The account must be of this type, where given.", max_length=50
            ),
        ),
    ]
