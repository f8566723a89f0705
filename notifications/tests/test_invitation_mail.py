"""The invitation's way to the mailbox, and nowhere else."""

import re

import pytest
from django.core import mail as mailbox

from accounts.models import UserType
from accounts.services.invitations import get_open_invitation, invite_new_user
from accounts.services.registration import AccountDetails
from notifications.models import OutboxMail
from tests.log_lines import every_log_line

pytestmark = pytest.mark.django_db


def test_the_link_is_mailed_and_its_token_stays_nowhere_else(superuser, django_capture_on_commit_callbacks):
    details = AccountDetails(username="vera", email="vera@example.com")

    with every_log_line() as written, django_capture_on_commit_callbacks(execute=True):
        invited = invite_new_user(details=details, user_type=UserType.VENDOR, by=superuser)

    [sent] = mailbox.outbox
    link = re.search(r"^    http://testserver/invitations/([\w-]{43})/$", sent.body, re.MULTILINE)
    assert link
    assert (sent.to, sent.subject) == (["vera@example.com"], "You are invited to Pub Network")
    assert "sign in as\nvera;" in sent.body
    assert link[0].strip() in sent.alternatives[0][0]
    assert get_open_invitation(link[1]) == invited
    assert link[1] not in written.getvalue()
    stored = OutboxMail.objects.values().get()
    assert (stored["sealed_text"], stored["sealed_html"], stored["status"]) == ("", "", "sent")
