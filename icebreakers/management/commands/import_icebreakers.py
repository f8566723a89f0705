from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from icebreakers.csv_files import read_rows
from icebreakers.errors import ImportRefused
from icebreakers.services import import_ice_breakers


class Command(BaseCommand):
    help = "Import ice breakers from a CSV file with the columns text, level (1-5) and gender (male, female, any)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="UTF-8, with a header line.")
        parser.add_argument("--skip-bad", action="store_true", help="Import the good lines and leave the bad ones out.")

    def handle(self, *, file: Path, skip_bad: bool, **options: Any) -> None:
        try:
            report = import_ice_breakers(read_rows(file.read_bytes()), skip_bad=skip_bad)
        except OSError as trouble:
            raise CommandError(f"{file}: {trouble.strerror}") from None
        except ImportRefused as refusal:
            self._tell(refusal.fields)
            raise CommandError(refusal.message) from None
        self._tell(report.bad)
        self.stdout.write(f"{report.imported} imported, {report.duplicates} duplicates, {len(report.bad)} bad lines")

    def _tell(self, bad: Any) -> None:
        for where, reasons in bad.items():
            self.stderr.write(f"{where}: {' '.join(reasons)}")
