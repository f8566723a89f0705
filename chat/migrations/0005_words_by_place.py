from django.db import migrations

BY_WORDS = "message_by_words ON chat_message USING gin (to_tsvector('simple', body)) WHERE in_channel"
BY_PLACE = (
    "message_by_place_and_words ON chat_message"
    " USING gin ((array[conversation_id::text || '.' || (id >> 15)::text]), to_tsvector('simple', body))"
    # What waits to be sorted in is read with every part that is looked at: by itself it may be 4 MB.
    " WITH (gin_pending_list_limit = 256) WHERE in_channel"
)


def replace_index(made, dropped):
    """On PostgreSQL only: elsewhere words are looked for one message after the other."""

    def run(apps, schema_editor):
        if schema_editor.connection.vendor == 'postgresql':
            # What an attempt that was broken off left is of no use.
            schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {made.split()[0]}')
            schema_editor.execute(f'CREATE INDEX CONCURRENTLY {made}')
            schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {dropped.split()[0]}')

    return run


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('chat', '0004_words_said_in_channels'),
    ]

    operations = [
        migrations.RunPython(replace_index(BY_PLACE, BY_WORDS), replace_index(BY_WORDS, BY_PLACE)),
    ]
