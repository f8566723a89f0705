"""Ice breakers as a CSV file: a header with the columns text, level and gender, then one a line."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icebreakers.errors import ImportRefused

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = ("text", "level", "gender")


@dataclass(frozen=True)
class Row:
    """What a file says, unjudged. `line` is where in the file it ends, counted from 1."""

    line: int
    text: str
    level: str
    gender: str


def read_rows(content: bytes) -> list[Row]:
    """The rows of a UTF-8 file, with or without a byte order mark. Raises ImportRefused."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        return list(_rows(reader))
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise _refused(f"line {line}", "This is not UTF-8.") from None
    except csv.Error as trouble:
        raise _refused(f"line {reader.line_num}", f"This is not CSV: {trouble}.") from None


def _rows(reader: "Reader") -> Iterator[Row]:
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise _refused("line 1", f"The header lacks: {', '.join(missing)}.")
    for cells in reader:
        if any(cell.strip() for cell in cells):
            named = dict(zip(header, cells, strict=False))
            yield Row(reader.line_num, *(named.get(name, "") for name in COLUMNS))


def _refused(where: str, reason: str) -> ImportRefused:
    return ImportRefused(fields={where: [reason]})
