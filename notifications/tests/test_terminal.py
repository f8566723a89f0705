import io

from django.core.mail import EmailMultiAlternatives

from notifications.terminal import TerminalBackend


def test_mail_is_readable_on_the_terminal():
    stream = io.StringIO()
    mail = EmailMultiAlternatives("A códe", "Sláinte,\n\n    123456\n", "pub@example.com", ["ann@example.com"])
    mail.attach_alternative("<b>123456</b>", "text/html")

    sent = TerminalBackend(stream=stream).send_messages([mail])

    rule = "-" * 79
    assert sent == 1
    assert stream.getvalue() == (
        f"{rule}\nSubject: A códe\nFrom: pub@example.com\nTo: ann@example.com\n\nSláinte,\n\n    123456\n{rule}\n"
    )
