from django.db import migrations


def index_words(apps, schema_editor):
    """On PostgreSQL only: elsewhere words are looked for one message after the other."""
    if schema_editor.connection.vendor == 'postgresql':
        drop_index(apps, schema_editor)  # what an attempt that was broken off left is of no use
        schema_editor.execute(
            "CREATE INDEX CONCURRENTLY message_by_words ON chat_message"
            " USING gin (to_tsvector('simple', body)) WHERE in_channel"
        )


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP INDEX CONCURRENTLY IF EXISTS message_by_words')


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('chat', '0003_channels'),
    ]

    operations = [
        migrations.RunPython(index_words, drop_index),
    ]
