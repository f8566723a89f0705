"""What happened in public channels was for everybody of their workspaces: now it is kept for those who may read them."""

from django.db import migrations

AT_ONCE = 50_000

APART = (
    """
    UPDATE activity_feedentry SET audience = 'channel-' || conversation.channel_id
    FROM chat_message AS message JOIN chat_conversation AS conversation ON conversation.id = message.conversation_id
    WHERE activity_feedentry.id BETWEEN %s AND %s AND type = 'message_sent' AND audience = ''
    AND message.id = ref_id AND conversation.channel_id IS NOT NULL
    """,
    """
    UPDATE activity_feedentry SET audience = 'channel-' || ref_id
    WHERE id BETWEEN %s AND %s AND type IN ('channel_created', 'channel_deleted') AND audience = ''
    """,
)
TOGETHER = (
    """
    UPDATE activity_feedentry SET audience = '' FROM workspaces_channel AS channel
    WHERE activity_feedentry.id BETWEEN %s AND %s AND audience = 'channel-' || channel.id AND NOT channel.is_private
    """,
)


def run(statements):
    """Some entries after the others, each time in a transaction of its own; what is done stays so when it is broken off."""

    def run(apps, schema_editor):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute('SELECT min(id), max(id) FROM activity_feedentry')
            first, last = cursor.fetchone()
            for start in range(first or 0, (last or -1) + 1, AT_ONCE):
                for statement in statements:
                    cursor.execute(statement, (start, start + AT_ONCE - 1))

    return run


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('chat', '0005_words_by_place'),
        ('activity', '0005_feeds_by_audience'),
        ('workspaces', '0002_presence'),
    ]

    operations = [
        migrations.RunPython(run(APART), run(TOGETHER)),
    ]
