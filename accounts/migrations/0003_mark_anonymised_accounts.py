from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_user_types")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="anonymised_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the person left: what remains is nobody's account.",
                null=True,
            ),
        ),
    ]
