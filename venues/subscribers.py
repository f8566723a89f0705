from accounts.events import AccountAnonymised
from accounts.services.privacy import register_export_section
from core.events import with_it
from venues.exports import presence_section, scans_section, visits_section
from venues.services.presence import end_presence

register_export_section("presence", presence_section)
register_export_section("visits", visits_section)
register_export_section("scans", scans_section)


@with_it(AccountAnonymised)
def forget_where_they_are(event: AccountAnonymised) -> None:
    end_presence(event.user_id)
