"""What we know of who is calling."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

ONE_HOUSEHOLD = 64


def client_address(request: HttpRequest) -> str:
    """The caller's IP address as the outermost of settings.TRUSTED_PROXIES proxies saw it; "unknown" if it is none.

    With no trusted proxy X-Forwarded-For is the client's own claim and is not looked at. Of an IPv6 address the
    network that one household or server is given, since whoever has one address there has them all.
    """
    remote = str(request.META.get("REMOTE_ADDR") or "")
    hops = settings.TRUSTED_PROXIES
    forwarded = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    seen = forwarded[-hops] if hops and len(forwarded) >= hops else remote
    return _household(_parsed(seen) or _parsed(remote))


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


def _household(address: IPv4Address | IPv6Address | None) -> str:
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, ONE_HOUSEHOLD), strict=False))
    return str(address or "unknown")


def client_device(request: HttpRequest) -> str:
    """What the caller says it runs on, as text that any database stores."""
    claimed = request.headers.get("User-Agent", "")
    return "".join(character for character in claimed if character.isprintable())[:255]
