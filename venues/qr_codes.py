"""QR codes of var_ids: always dark on light with a quiet zone, whatever surrounds them."""

from io import BytesIO

import segno
from django.conf import settings

QUIET_ZONE = 4


def qr_url(var_id: str) -> str:
    """What the code says: where a phone's camera goes."""
    return f"{settings.PUBLIC_URL}/v/{var_id}"


def qr_svg(var_id: str) -> str:
    """An SVG element that scales to whatever holds it and needs no style, so that any page may embed it."""
    out = BytesIO()
    _code(var_id).save(
        out,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        svgclass=None,
        lineclass=None,
        border=QUIET_ZONE,
        light="#fff",
        nl=False,
    )
    return out.getvalue().decode()


def qr_png(var_id: str, *, scale: int = 20) -> bytes:
    """Black on white, `scale` pixels a module."""
    out = BytesIO()
    _code(var_id).save(out, kind="png", scale=scale, border=QUIET_ZONE)
    return out.getvalue()


def _code(var_id: str) -> segno.QRCode:
    return segno.make_qr(qr_url(var_id), error="m", boost_error=True)
