"""Log lines as the server's own console writes them: of our loggers whatever the level, of libraries as configured."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

OURS = (
    *("access", "config", "core", "accounts", "notifications", "billing", "icebreakers", "venues", "offers", "chat"),
    *("activity", "analytics", "demo"),
)


@contextmanager
def every_log_line() -> Iterator[io.StringIO]:
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(console.formatter)
    for filter_ in console.filters:
        handler.addFilter(filter_)
    levels = {logger: logger.level for logger in map(logging.getLogger, OURS)}
    logging.root.addHandler(handler)
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        logging.root.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)
