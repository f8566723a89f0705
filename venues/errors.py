from core import errors


class VenueNotServing(errors.Invalid):
    """Unknown, suspended or closed: the same answer, so that asking tells nothing."""

    code = "venue_inactive"
    message = "Unknown or inactive venue."

    def __init__(self) -> None:
        super().__init__(fields={"venue": [self.message]})


class VenueUnknown(errors.Invalid):
    """Told to who may know of every venue."""

    code = "venue_unknown"
    message = "No venue that is open has this id."

    def __init__(self) -> None:
        super().__init__(fields={"venue": [self.message]})


class VarIdNotCurrent(errors.Invalid):
    code = "var_id_invalid"
    message = "Unknown or expired var_id."

    def __init__(self) -> None:
        super().__init__(fields={"var_id": [self.message]})


class VarIdUnusable(errors.Invalid):
    code = "var_id_unusable"
    message = "At most 64 letters, digits, dashes and underscores."

    def __init__(self) -> None:
        super().__init__(fields={"var_id": [self.message]})


class VarIdTaken(errors.Conflict):
    code = "var_id_taken"
    message = "This var_id is or was another one's."


class PlaceIncomplete(errors.Invalid):
    code = "place_incomplete"
    message = "A place has both a latitude and a longitude."

    def __init__(self) -> None:
        super().__init__(fields={"latitude": [self.message], "longitude": [self.message]})


class OpeningHoursRepeated(errors.Invalid):
    code = "opening_hours_repeated"
    message = "Two spans of one day open at the same time."

    def __init__(self) -> None:
        super().__init__(fields={"opening_hours": [self.message]})


class OwnerUnknown(errors.Invalid):
    code = "owner_unknown"
    message = "No active venue owner has this id."

    def __init__(self) -> None:
        super().__init__(fields={"owner": [self.message]})


class OwnerNotYours(errors.Forbidden):
    code = "owner_not_yours"
    message = "Only a superuser may say whose venue this is."


class StatusHeld(errors.Forbidden):
    code = "status_held"
    message = "The platform set this venue's status, and only the platform may change it."
