from accounts.events import AccountAnonymised, CustomerReported
from accounts.selectors import get_report
from accounts.services.privacy import register_export_section
from chat.realtime import announcements
from chat.selectors import export
from chat.services.privacy import forget_author, keep_evidence
from core.events import with_it

announcements.listen()

register_export_section("messages", export.held_messages)
register_export_section("private_chats", export.held_private_chats)
register_export_section("reactions", export.held_reactions)
register_export_section("mutes", export.held_mutes)


@with_it(AccountAnonymised)
def forget(event: AccountAnonymised) -> None:
    forget_author(event.user_id)


@with_it(CustomerReported)
def keep_the_reported_message(event: CustomerReported) -> None:
    if event.message_id is not None:
        keep_evidence(get_report(event.report_id), event.message_id)
