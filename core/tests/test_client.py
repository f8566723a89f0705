import pytest

from core.surface.client import client_address


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "", "9.9.9.9"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1 ,2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "9.9.9.9"),
        (1, "x" * 10_000, "9.9.9.9"),
        (1, "unknown", "9.9.9.9"),
        (1, ",,, ,", "9.9.9.9"),
        (1, "1.1.1.1\x00", "9.9.9.9"),
        (1, "1.2.3.4.5", "9.9.9.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (1, "::ffff:1.1.1.1", "1.1.1.1"),
        (1, "fe80::1%" + "e" * 500, "fe80::/64"),
    ],
)
def test_the_callers_address_is_what_the_outermost_trusted_proxy_saw(rf, settings, hops, forwarded, address):
    settings.TRUSTED_PROXIES = hops

    request = rf.get("/", REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address


@pytest.mark.parametrize("remote", ["", None, "unix socket"])
def test_without_an_address_everybody_is_one_unknown(rf, remote):
    assert client_address(rf.get("/", REMOTE_ADDR=remote)) == "unknown"
