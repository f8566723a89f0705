import io
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from icebreakers.csv_files import Row, read_rows
from icebreakers.errors import ImportRefused
from icebreakers.models import IceBreaker
from icebreakers.services import ImportReport, import_ice_breakers

SHIPPED = Path(__file__).parent.parent / "data" / "ice_breakers.csv"
HEADER = "text,level,gender\n"
pytestmark = pytest.mark.django_db


def run(content: str | bytes, *options: str, tmp_path: Path) -> tuple[str, str]:
    file = tmp_path / "ice.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_icebreakers", str(file), *options, stdout=out, stderr=err)
    except CommandError as error:
        err.write(f"{error}\n")
    return out.getvalue(), err.getvalue()


def stored() -> list[tuple[str, int, str]]:
    return list(IceBreaker.objects.values_list("text", "level", "gender"))


def test_good_file_is_imported(tmp_path):
    out, err = run(HEADER + '"Tea, or coffee?",1,any\n Dogs? , 2 ,MALE\n', tmp_path=tmp_path)

    assert (out, err) == ("2 imported, 0 duplicates, 0 bad lines\n", "")
    assert stored() == [("Tea, or coffee?", 1, "any"), ("Dogs?", 2, "male")]


def test_byte_order_mark_and_other_columns_and_order_are_fine(tmp_path):
    content = "\ufeffNote,Gender,Level,Text\nx,any,5,Où ça ?\n\n"

    out, err = run(content, tmp_path=tmp_path)

    assert (out, err) == ("1 imported, 0 duplicates, 0 bad lines\n", "")
    assert stored() == [("Où ça ?", 5, "any")]


def test_duplicates_are_counted_and_left(tmp_path):
    IceBreaker.objects.create(text="Tea?", level=1, gender="any", is_active=False)

    out, err = run(HEADER + "Tea?,1,any\nTea?,2,any\nTea?,2,any\n", tmp_path=tmp_path)

    assert (out, err) == ("1 imported, 2 duplicates, 0 bad lines\n", "")
    assert stored() == [("Tea?", 1, "any"), ("Tea?", 2, "any")]


BAD = HEADER + f"Good,1,any\n,1,any\nx,0,any\nx,two,any\nx,1,other\n{'x' * 501},1,any\nx\nx\0,1,any\n"
REASONS = (
    "line 3: The text is missing.\n"
    "line 4: The level must be 1 to 5.\n"
    "line 5: The level must be 1 to 5.\n"
    "line 6: The gender must be male, female or any.\n"
    "line 7: The text has 501 characters; 500 are allowed.\n"
    "line 8: The level must be 1 to 5. The gender must be male, female or any.\n"
    "line 9: The text holds a NUL character.\n"
)


def test_every_bad_line_is_told_and_nothing_is_imported(tmp_path):
    out, err = run(BAD, tmp_path=tmp_path)

    assert (out, err) == ("", f"{REASONS}Nothing was imported.\n")
    assert stored() == []


def test_bad_lines_are_skipped_on_demand(tmp_path):
    out, err = run(BAD, "--skip-bad", tmp_path=tmp_path)

    assert (out, err) == ("1 imported, 0 duplicates, 7 bad lines\n", REASONS)
    assert stored() == [("Good", 1, "any")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "line 1: The header lacks: text, level, gender.\n"),
        (b"text,level\nx,1\n", "line 1: The header lacks: gender.\n"),
        (b"text,level,gender\nfine,1,any\nna\xefve,1,any\n", "line 3: This is not UTF-8.\n"),
        (b'text,level,gender\n"open,1,any\n', "line 2: This is not CSV: unexpected end of data.\n"),
        (
            b"text,level,gender\n" + b"x" * 200_000 + b",1,any\n",
            "line 2: This is not CSV: field larger than field limit (131072).\n",
        ),
    ],
)
def test_file_that_is_none_is_refused_even_when_skipping(content, complaint, tmp_path):
    out, err = run(content, "--skip-bad", tmp_path=tmp_path)

    assert (out, err) == ("", f"{complaint}Nothing was imported.\n")
    assert stored() == []


def test_missing_file_is_told(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_icebreakers", str(tmp_path / "none.csv"))


def test_refusal_names_the_lines_for_whoever_asks():
    with pytest.raises(ImportRefused) as refusal:
        import_ice_breakers([Row(2, "x", "9", "any")])

    assert refusal.value.fields == {"line 2": ["The level must be 1 to 5."]}


def test_shipped_file_has_five_of_each_kind_and_imports_twice_the_same():
    rows = read_rows(SHIPPED.read_bytes())

    first, second = import_ice_breakers(rows), import_ice_breakers(rows)

    kinds = Counter((level, gender) for _, level, gender in stored())
    assert first == ImportReport(imported=len(rows), duplicates=0)
    assert second == ImportReport(imported=0, duplicates=len(rows))
    assert len(rows) >= 75
    assert {(level, gender) for level in range(1, 6) for gender in ("male", "female", "any")} == set(kinds)
    assert min(kinds.values()) >= 5


def test_many_rows_take_few_queries(django_assert_max_num_queries):
    rows = [Row(number, f"Number {number}", "1", "any") for number in range(1000)]

    with django_assert_max_num_queries(20):
        report = import_ice_breakers(rows)

    assert report == ImportReport(imported=1000, duplicates=0)
