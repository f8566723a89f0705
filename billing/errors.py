from core import errors


class TierUnknown(errors.Invalid):
    code = "tier_unknown"
    message = "There is no such membership tier."


class MembershipOver(errors.Invalid):
    code = "membership_over"
    message = "A membership must end in the future."
