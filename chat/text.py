"""What may be said: the bounds of everything people type."""

import re
import unicodedata

from chat.errors import ClientIdRefused, EmojiRefused, MessageRefused

MAXIMUM_BODY_LENGTH = 4000
MAXIMUM_CLIENT_ID_LENGTH = 64
MAXIMUM_EMOJI_LENGTH = 16

_NEVER_IN_EMOJI = ("L", "Z", "Cc", "Cf", "Cs", "Co")
# What is not assigned in the Unicode of this Python may be an emoji of a later one.
_SEEN = ("S", "P", "N", "Cn")
# The joiner of sequences like families, and the tags of which flags of regions are spelled.
_JOINING = {"\u200d", *map(chr, range(0xE0020, 0xE0080))}
_CANNOT_BE_STORED = re.compile("[\x00\ud800-\udfff]")


def clean_body(text: str) -> str:
    """The text without the white space around it. Raises MessageRefused."""
    body = text.strip()
    if not 0 < len(body) <= MAXIMUM_BODY_LENGTH or not _can_be_stored(body):
        raise MessageRefused
    return body


def clean_client_id(text: str) -> str:
    """Any text up to 64 characters; empty for none. Raises ClientIdRefused."""
    if not is_client_id(text):
        raise ClientIdRefused
    return text


def is_client_id(text: str) -> bool:
    return len(text) <= MAXIMUM_CLIENT_ID_LENGTH and _can_be_stored(text)


def clean_emoji(text: str) -> str:
    """One emoji, or what passes for one: symbols, not words. Raises EmojiRefused.

    Which sequences are emoji changes with every version of Unicode, so this asks only that there be a character beyond
    ASCII that can be seen, and neither letters, white space nor controls but those that join emoji.
    """
    categories = [unicodedata.category(character) for character in text if character not in _JOINING]
    if not 0 < len(text) <= MAXIMUM_EMOJI_LENGTH or text.isascii():
        raise EmojiRefused
    if any(category.startswith(_NEVER_IN_EMOJI) for category in categories):
        raise EmojiRefused
    if not any(category.startswith(_SEEN) for category in categories):
        raise EmojiRefused
    return text


def _can_be_stored(text: str) -> bool:
    """No database holds an unpaired surrogate, and PostgreSQL no NUL."""
    return _CANNOT_BE_STORED.search(text) is None
