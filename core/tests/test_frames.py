"""What is told of a frame that cannot be read."""

from typing import Literal

import msgspec
import pytest

from core.surface.frames import FrameRefused, read_frame


class Set(msgspec.Struct):
    type: str
    status: Literal["idle", "online"]
    count: int = 0


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        ({"status": "hunter2"}, {"status": ["Not one of the values this takes."]}),
        ({"status": "it's - at `$.count`"}, {"status": ["Not one of the values this takes."]}),
        ({"status": 7}, {"status": ["Expected `str`, got `int`"]}),
        ({"status": "idle", "count": "hunter2"}, {"count": ["Expected `int`, got `str`"]}),
        ({}, {"status": ["Object missing required field `status`"]}),
    ],
)
def test_a_bad_field_is_named_and_what_was_in_it_is_not_repeated(frame, fields):
    with pytest.raises(FrameRefused) as refused:
        read_frame(msgspec.json.encode({"type": "set", **frame}), {"set": Set})

    assert refused.value.fields == fields
