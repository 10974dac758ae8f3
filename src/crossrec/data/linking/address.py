"""From an e-mail address to a person, by a keyed hash: nothing is guessed, and the address is not kept."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from crossrec.core.errors import InvalidInput

__all__ = ["person_of_address"]


def person_of_address(address: str, secret: str) -> str:
    """Return the person id of an e-mail address: HMAC-SHA-256 of it, trimmed, in lower case and NFC.

    Two spellings that differ otherwise (dots, `+tags`) are two persons: nothing is guessed.

    Raises:
        InvalidInput: It is no address, or the secret is shorter than 16 characters. The message does not show it.
    """
    if len(secret) < 16:
        raise InvalidInput("CROSSREC_LINK_SECRET: expected at least 16 characters, got fewer")
    plain = unicodedata.normalize("NFC", address.strip().lower())
    name, at, host = plain.rpartition("@")
    if not name or not at or "." not in host or any(sign.isspace() for sign in plain):
        raise InvalidInput("email: expected an address like name@example.org, got something else")
    return "p-" + hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()[:32]
