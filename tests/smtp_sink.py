"""A real SMTP server on loopback that keeps what it is given, and fails on demand."""

import asyncio
import email
import email.policy
import logging
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# The stand-in's own log quotes every address; what is tested is ours.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class SmtpSink:
    """`mails` in the order they were taken. `answers` are given to the next mails instead of taking them.

    `delay` is how many seconds the server thinks before it says yes.
    """

    def __init__(self, delay: float = 0) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.refused_recipients: dict[str, str] = {}
        self.delay = delay
        self.port = _free_port()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay)
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 taken"

    def deliveries(self) -> Counter[str]:
        """How often each Message-ID arrived. A provider delivers each once."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)


@contextmanager
def smtp_sink(delay: float = 0) -> Iterator[SmtpSink]:
    sink = SmtpSink(delay)
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, server_hostname="sink.test")
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
