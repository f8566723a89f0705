"""Log lines that say where and in which request, and nothing of anybody's data."""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from core.request_context import request_id

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class AnswerFilter(logging.Filter):
    """For Django's own line about an answer of 400 and more: dropped when the surface kit made the answer, which has
    logged what there is to log; else without the path, which may hold a token or a name.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = "exception outside any view", ()
        return bool(record.exc_info)


class DiscreetFormatter(logging.Formatter):
    """Tracebacks without the exceptions' messages: a database or a parser quotes in them what a client sent."""

    def formatException(self, ei: ExcInfo) -> str:
        lines: list[str] = []
        exception: BaseException | None = ei[1]
        while exception is not None:
            frames = traceback.format_list(traceback.extract_tb(exception.__traceback__))
            lines.insert(0, "".join(frames) + type(exception).__qualname__)
            exception = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        return "\n\n".join(lines)


class JsonFormatter(DiscreetFormatter):
    """One JSON object a line. Of a record's extras only `facts` is written, which is ours: a library's own may hold a
    whole request.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", request_id.get()),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
