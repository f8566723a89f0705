from core import errors


class MailBodyWiped(errors.Conflict):
    code = "mail_body_wiped"
    message = "This mail held a secret and its body is wiped: it cannot be sent again."


class KindUnknown(errors.Invalid):
    code = "notification_kind_unknown"
    message = "There is no such kind of notification."

    def __init__(self) -> None:
        super().__init__(fields={"kind": [self.message]})
