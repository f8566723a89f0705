from core import errors


class MailBodyWiped(errors.Conflict):
    code = "mail_body_wiped"
    message = "This mail held a secret and its body is wiped: it cannot be sent again."
