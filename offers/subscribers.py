"""What offers holds on a person, for the copy of their data they may ask for."""

from accounts.models import User
from accounts.services.privacy import register_export_section
from offers.selectors import redemptions_by


def _export_redemptions(user: User) -> list[dict[str, object]]:
    return [
        {
            "id": redemption.pk,
            "code": redemption.code,
            "offer": redemption.offer.title,
            "venue": redemption.venue.name,
            "certainty": redemption.certainty,
            "redeemed_at": redemption.redeemed_at,
        }
        for redemption in redemptions_by(user)
    ]


register_export_section("redemptions", _export_redemptions)
