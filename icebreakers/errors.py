from core import errors


class NoIceBreaker(errors.NotFound):
    code = "no_ice_breaker"
    message = "There is no such ice breaker."


class ImportRefused(errors.Invalid):
    """`fields` maps `line 3` to what is wrong with that line, or `file` to what is wrong with the whole."""

    code = "import_refused"
    message = "Nothing was imported."
