"""Names of persons become salted hashes: the same name gives the same id only under the same salt."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field

import polars as pl

from crossrec.core.errors import InvalidInput

__all__ = ["SALT_VARIABLE", "Pseudonyms"]

SALT_VARIABLE = "CROSSREC_SALT"
_LEAST_CHARACTERS = 16


@dataclass(frozen=True)
class Pseudonyms:
    """A key that turns names into ids, and never the other way.

    An id is the BLAKE2b hash (16 bytes, in hexadecimal) of the name under the key. Names of the public are easily
    listed, so whoever knows the salt can find them again: it is a secret, comes from the environment only, and is
    stored nowhere. Rows that are appended later belong to the same persons only under the same salt; its
    fingerprint is kept so that another one is noticed.

    Args:
        key: 32 bytes.
        drawn: The salt was drawn for this import and is lost with it.
    """

    key: bytes = field(repr=False)
    drawn: bool

    @classmethod
    def from_environment(cls) -> Pseudonyms:
        """Take the salt from `CROSSREC_SALT`, or draw one where it is not set.

        Raises:
            InvalidInput: It has fewer than 16 characters.
        """
        salt = os.environ.get(SALT_VARIABLE)
        if not salt:
            return cls(secrets.token_bytes(32), drawn=True)
        if len(salt) < _LEAST_CHARACTERS:
            raise InvalidInput(f"{SALT_VARIABLE}: expected at least {_LEAST_CHARACTERS} characters, got {len(salt)}")
        return cls(hashlib.sha256(salt.encode("utf-8", "surrogateescape")).digest(), drawn=False)

    @property
    def fingerprint(self) -> str:
        """Four bytes in hexadecimal that tell one salt from another and say nothing of it."""
        return hashlib.blake2b(b"fingerprint of the salt", key=self.key, digest_size=4).hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who imports must know."""
        if not self.drawn:
            return ()
        said = (
            f"{SALT_VARIABLE} is not set: users were hashed with a salt drawn for this import and kept nowhere; rows "
            "imported later belong to other ids. Set it to a secret of your own before importing what will grow."
        )
        return (said,)

    def of(self, names: pl.Expr) -> pl.Expr:
        """Return the ids of some names; null stays null."""
        return names.map_batches(self._hashed, return_dtype=pl.String(), is_elementwise=True)

    def _hashed(self, names: pl.Series) -> pl.Series:
        key = self.key
        ids = [
            None if name is None else hashlib.blake2b(name.encode(), key=key, digest_size=16).hexdigest()
            for name in names
        ]
        return pl.Series(names.name, ids, dtype=pl.String)
