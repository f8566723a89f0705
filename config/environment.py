"""What the environment (or `.env`) says, read and checked once. Only `config/` imports this."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from environs import Env, validate
from limits import parse as parse_limit

from config.startup import Misconfigured

BASE_DIR = Path(__file__).resolve().parent.parent
MINIMUM_SECRET_LENGTH = 32

env = Env()
env.read_env(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")), recurse=False)


def whole_number(name: str, default: int, *, least: int, most: int | None = None) -> int:
    """Raises EnvError naming the variable when it is no number or out of range."""
    return env.int(name, default, validate=validate.Range(min=least, max=most))


def listed(name: str, default: str) -> list[str]:
    """Comma-separated values; blanks around and between them do not count."""
    return [value.strip() for value in env.str(name, default).split(",") if value.strip()]


def secret(name: str, *, debug: bool) -> str:
    """A secret of at least 32 characters. In DEBUG a fixed stand-in serves when none is set.

    Raises Misconfigured naming the variable when it is missing or weak.
    """
    value = env.str(name, "")
    if not value and debug:
        return f"development-only-{name.lower()}-".ljust(64, "x")
    require_strength(name, value)
    return value


def require_strength(name: str, value: str) -> None:
    if len(value) < MINIMUM_SECRET_LENGTH or len(set(value)) < 8:
        raise Misconfigured(f"{name} must be set to at least {MINIMUM_SECRET_LENGTH} random characters outside DEBUG.")


def optional_secret(name: str) -> str:
    """Empty when there is none. Raises Misconfigured naming the variable when it is weak."""
    value = env.str(name, "")
    if value:
        require_strength(name, value)
    return value


def required(name: str, *, debug: bool, in_debug: str) -> str:
    """A setting that has no safe default outside DEBUG. Raises Misconfigured naming it."""
    value = env.str(name, "").strip()
    if not value and debug:
        return in_debug
    if not value:
        raise Misconfigured(f"{name} must be set outside DEBUG.")
    return value


def hosts(name: str, *, debug: bool, in_debug: str) -> list[str]:
    """Host names this server answers to. Raises Misconfigured for "any host" outside DEBUG."""
    names = [host.strip() for host in required(name, debug=debug, in_debug=in_debug).split(",") if host.strip()]
    if not debug and (not names or "*" in names):
        raise Misconfigured(f"{name} must name the hosts outside DEBUG; '*' would answer to any.")
    return names


def origin(name: str, value: str) -> str:
    """`scheme://host[:port]` without a trailing slash. Raises Misconfigured for anything else."""
    malformed = Misconfigured(f"{name} must hold addresses such as https://example.com, without a path.")
    try:
        parts = urlsplit(value.rstrip("/"))
        _ = parts.port
    except ValueError:
        raise malformed from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise malformed
    return value.rstrip("/")


def database(name: str, default: str) -> dict[str, Any]:
    """Django's settings of the database at that URL. Raises Misconfigured without repeating it: it holds a password."""
    url = env.str(name, "") or default
    malformed = Misconfigured(f"{name} must look like postgres://user:password@host:5432/name or sqlite:///path.")
    if url.partition(":")[0] not in {"postgres", "postgresql", "sqlite"}:
        raise malformed
    try:
        parsed = dict(dj_database_url.parse(url))
    except ValueError:
        raise malformed from None
    if not parsed["NAME"]:
        raise malformed
    return parsed


def redis_url(name: str) -> str:
    """Empty when there is no Redis. Raises Misconfigured."""
    url = env.str(name, "")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise Misconfigured(f"{name} must look like redis://host:6379/0.")
    return url


def rate_limits(name: str, defaults: dict[str, str]) -> dict[str, str]:
    """The defaults with `name=count/period,…` laid over them. Raises Misconfigured for an unknown name or period."""
    try:
        chosen: dict[str, str] = env.dict(name, {})
        for limit in chosen.values():
            parse_limit(limit)
    except ValueError:
        raise Misconfigured(f"{name} must look like signed_in=1200/minute,anonymous=300/minute.") from None
    if unknown := sorted(set(chosen) - set(defaults)):
        raise Misconfigured(f"{name} knows {', '.join(sorted(defaults))}; not {', '.join(unknown)}.")
    return defaults | chosen


def currency(name: str, default: str) -> str:
    """Raises Misconfigured naming the variable when it is no currency's code."""
    value = env.str(name, default)
    if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise Misconfigured(f"{name} must be three capital letters, such as GBP.")
    return value


def directory(name: str, default: Path) -> Path:
    """An existing, writable directory, made when missing. Raises Misconfigured."""
    path = Path(env.str(name, "") or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise Misconfigured(f"{name}: {trouble.strerror}: {path}") from None
    if not os.access(path, os.W_OK):
        raise Misconfigured(f"{name} is not writable: {path}")
    return path
