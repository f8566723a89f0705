"""What was done through the admin, announced so that it can be written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DoneInAdmin:
    """`what` is added, changed, deleted or acted. `fields` are those that were changed, and `values` what a page lets
    be told of them: the old one and the new one. `action` is the name of what was chosen, where something was.
    """

    what: str
    by_id: int
    kind: str
    object_id: str
    fields: tuple[str, ...] = ()
    values: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    action: str = ""
