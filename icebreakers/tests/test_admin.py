import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from icebreakers.models import IceBreaker

IMPORT = "admin:icebreakers_icebreaker_import_csv"
GOOD = "text,level,gender\nHello,1,any\nBold,5,male\n"
BAD = "text,level,gender\nHello,1,any\n,9,any\nHi,1,robot\n"


def upload(client: Client, content: str, **fields: str) -> object:
    return client.post(reverse(IMPORT), {"file": SimpleUploadedFile("rows.csv", content.encode()), **fields})


def test_a_file_is_imported(visitor: Client) -> None:
    shown = visitor.get(reverse(IMPORT))
    answer = upload(visitor, GOOD)

    assert shown.status_code == 200
    assert answer.url == reverse("admin:icebreakers_icebreaker_changelist")
    assert list(IceBreaker.objects.values_list("text", "level", "gender")) == [("Hello", 1, "any"), ("Bold", 5, "male")]


def test_every_bad_line_is_told_and_nothing_imported(visitor: Client) -> None:
    answer = upload(visitor, BAD)

    assert answer.context["bad"] == {
        "line 3": ["The text is missing.", "The level must be 1 to 5."],
        "line 4": ["The gender must be male, female or any."],
    }
    assert "The gender must be male, female or any." in answer.content.decode()
    assert not IceBreaker.objects.exists()


def test_bad_lines_can_be_left_out_and_are_told(visitor: Client) -> None:
    answer = upload(visitor, BAD, skip_bad="on")

    assert list(answer.context["bad"]) == ["line 3", "line 4"]
    assert [str(message) for message in answer.context["messages"]] == ["1 imported, 0 were there already."]
    assert IceBreaker.objects.count() == 1


@pytest.mark.parametrize("content", ["", "a,b\n", "text,level,gender\n\0,1,any\n", 'text,level,gender\n"open,1,any'])
def test_what_is_no_such_file_imports_nothing(content: str, visitor: Client) -> None:
    answer = upload(visitor, content)

    assert answer.status_code == 200
    assert not IceBreaker.objects.exists()


def test_the_selected_are_withheld_and_offered(visitor: Client) -> None:
    row = IceBreaker.objects.create(text="Hello", level=1)
    ticked = {"_selected_action": [row.pk]}

    visitor.post(reverse("admin:icebreakers_icebreaker_changelist"), {"action": "withhold", **ticked})
    withheld = IceBreaker.objects.filter(is_active=False).count()
    visitor.post(reverse("admin:icebreakers_icebreaker_changelist"), {"action": "offer", **ticked})

    assert withheld == 1
    assert IceBreaker.objects.filter(is_active=True).count() == 1


@pytest.mark.parametrize(
    "changes", [{"level": "6"}, {"level": "x"}, {"gender": "robot"}, {"text": ""}, {"text": "a\0b"}, {"text": "Hello"}]
)
def test_a_bad_ice_breaker_is_refused(changes: dict[str, str], visitor: Client) -> None:
    IceBreaker.objects.create(text="Hello", level=1, gender="any")

    body = {"text": "New", "level": "1", "gender": "any"} | changes
    answer = visitor.post(reverse("admin:icebreakers_icebreaker_add"), body)

    assert answer.status_code == 200
    assert IceBreaker.objects.count() == 1
