"""Mail where no mail server is set: on standard output, for the person at the terminal."""

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend

RULE = "-" * 79


class TerminalBackend(EmailBackend):
    """Prints a mail's addresses, subject and text as they are: no encoding, no HTML twin."""

    def write_message(self, message: EmailMessage) -> None:
        lines = [
            RULE,
            f"Subject: {message.subject}",
            f"From: {message.from_email}",
            f"To: {', '.join(message.recipients())}",
            "",
            str(message.body).rstrip(),
            RULE,
        ]
        self.stream.write("\n".join(lines) + "\n")
