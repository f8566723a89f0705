from core import errors


class NotStarted(errors.Invalid):
    code = "not_started"
    message = "This offer has not started yet."


class OfferExpired(errors.Gone):
    code = "expired"
    message = "This offer has expired."


class NotAtVenue(errors.Forbidden):
    code = "not_at_venue"
    message = "You must be at the venue to redeem this offer."


class PresenceTooWeak(errors.Forbidden):
    code = "presence_too_weak"
    message = "Scan the venue's current QR code, with your location if it asks for it, to redeem this offer."


class NotEligible(errors.Forbidden):
    code = "not_eligible"
    message = "This offer is for other membership tiers."


class AlreadyRedeemed(errors.Conflict):
    code = "already_redeemed"
    message = "You have already redeemed this offer."


class SoldOut(errors.Conflict):
    code = "sold_out"
    message = "This offer is used up."


class CodesExhausted(errors.Unavailable):
    """Every code that was tried is taken; the next request tries others."""

    code = "no_free_code"
    message = "No redemption code could be made. Please try again."

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class VenueNotManaged(errors.Invalid):
    """Unknown, closed or someone else's: the same answer."""

    code = "venue_not_managed"
    message = "This is not an open venue of yours."

    def __init__(self) -> None:
        super().__init__(fields={"venue": [self.message]})


class OfferStaysAtItsVenue(errors.Invalid):
    code = "venue_fixed"
    message = "An offer cannot move to another venue."

    def __init__(self) -> None:
        super().__init__(fields={"venue": [self.message]})


class EndsBeforeItStarts(errors.Invalid):
    code = "ends_before_it_starts"
    message = "An offer must expire after it starts."

    def __init__(self) -> None:
        super().__init__(fields={"expires_at": [self.message]})


class QuotaBelowRedeemed(errors.Invalid):
    code = "quota_below_redeemed"
    message = "More than this has been redeemed already."

    def __init__(self) -> None:
        super().__init__(fields={"total_quota": [self.message]})
