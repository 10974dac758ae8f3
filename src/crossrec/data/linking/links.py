"""The links of a data set: which accounts are one person, and which were taken apart for good."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.clock import now
from crossrec.core.errors import CorruptBundle
from crossrec.data.manifest import DomainRecord

__all__ = [
    "LINKS",
    "SCHEMA",
    "SHARED",
    "Links",
    "Removals",
    "as_json",
    "of_two_persons",
    "parse_links",
    "read_links",
    "spaces",
    "write_links",
]

LINKS = "links.json"
SHARED = "*"
"""Stands for all domains with shared users: the same id is one account in them."""
SCHEMA = pl.Schema({"domain": pl.String(), "user_id": pl.String(), "person_id": pl.String()})


@dataclass(frozen=True)
class Removals:
    """Accounts that were taken apart for good, as salted digests: enough to know one again.

    Whoever has the file and guesses an id can tell whether it was removed: pseudonymous, not anonymous.

    Args:
        salt: Of the digests, hexadecimal.
        digests: Digest of an account -> when it was taken apart, milliseconds UTC.
    """

    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    digests: dict[str, int] = field(default_factory=dict)

    def digest(self, space: str, user: str) -> str:
        """Return what is kept of a removed account.

        Args:
            space: Its domain, or `SHARED` for all domains with shared users, whose ids are one.
            user: Its id.
        """
        return hmac.new(bytes.fromhex(self.salt), f"{space}\0{user}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Links:
    """Which accounts are one person.

    Args:
        table: domain, user_id, person_id; an account once.
        removals: Accounts taken apart here.
        brought: Those taken apart in data sets that this one was made from; their salts are others.
    """

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    removals: Removals = field(default_factory=Removals)
    brought: tuple[Removals, ...] = ()

    def of_domain(self, record: DomainRecord, domain: str, records: Mapping[str, DomainRecord]) -> pl.DataFrame:
        """Return user_id and person_id of a domain's accounts; shared users are linked in all shared domains."""
        shared = [name for name, other in records.items() if other.users_are == "shared"]
        names = shared if record.users_are == "shared" else [domain]
        return self.table.filter(pl.col("domain").is_in(names)).select("user_id", "person_id").unique()

    def was_removed(self, space: str, user: str) -> bool:
        """Was an account taken apart, here or where this data set came from?"""
        return any(one.digest(space, user) in one.digests for one in (self.removals, *self.brought) if one.digests)

    def without(
        self, accounts: Iterable[tuple[str, str]], space: Mapping[str, str], clock: Callable[[], int] = now
    ) -> Links:
        """Take accounts apart for good: their links go, their digests stay.

        Args:
            accounts: Domain and user id of each.
            space: Domain -> where its user ids mean something; see `spaces`.
            clock: Gives the moment, milliseconds UTC.
        """
        gone = {(space.get(domain, domain), user) for domain, user in accounts}
        digests = {self.removals.digest(*account): clock() for account in gone}
        removals = replace(self.removals, digests={**self.removals.digests, **digests})
        return replace(self, table=_left(self.table, space, lambda *account: account in gone), removals=removals)

    def obeying(self, other: Links, space: Mapping[str, str]) -> Links:
        """Take over what was removed in another data set, and drop the links of these accounts.

        Args:
            other: Its links.
            space: Domain -> where its user ids mean something.
        """
        lists: dict[str, dict[str, int]] = {}
        for one in (self.removals, *self.brought, other.removals, *other.brought):
            lists.setdefault(one.salt, {}).update(one.digests)
        own = Removals(self.removals.salt, lists.pop(self.removals.salt))
        brought = tuple(Removals(salt, digests) for salt, digests in lists.items() if digests)
        whole = Links(self.table, own, brought)
        return replace(whole, table=_left(self.table, space, whole.was_removed))


def _left(table: pl.DataFrame, space: Mapping[str, str], gone: Callable[[str, str], bool]) -> pl.DataFrame:
    """Return the links but those of accounts that are gone."""
    rows = table.select("domain", "user_id").iter_rows()
    return table.filter(~pl.Series([gone(space.get(domain, domain), user) for domain, user in rows], dtype=pl.Boolean))


def spaces(domains: Mapping[str, DomainRecord]) -> dict[str, str]:
    """Return domain -> where its user ids mean something: itself, or `SHARED`."""
    return {name: SHARED if record.users_are == "shared" else name for name, record in domains.items()}


def of_two_persons(table: pl.DataFrame, space: Mapping[str, str]) -> pl.DataFrame:
    """Return the rows of a table of links whose account is linked to two persons.

    Args:
        table: domain, user_id, person_id, and any other columns.
        space: Domain -> where its user ids mean something.
    """
    where = pl.col("domain").replace(dict(space))
    return table.filter(pl.col("person_id").n_unique().over(where, "user_id") > 1)


def read_links(folder: Path) -> Links:
    """Read the links of a data set; without any the table is empty.

    Raises:
        CorruptBundle: The file is damaged.
    """
    path = folder / LINKS
    return parse_links(path.read_bytes(), str(path)) if path.is_file() else Links()


def parse_links(text: bytes, where: str) -> Links:
    """Read links from the content of their file.

    Args:
        text: The content.
        where: The file as messages call it.

    Raises:
        CorruptBundle: It is damaged.
    """
    try:
        found = json.loads(text)
        table = pl.DataFrame(found["links"], schema=SCHEMA, orient="row")
        brought = tuple(_removals(one) for one in found.get("brought", ()))
        return Links(table, _removals(found), brought)
    except (ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CorruptBundle(f"{where}: expected links, got something damaged ({type(error).__name__})") from error


def _removals(found: Mapping[str, Any]) -> Removals:
    bytes.fromhex(found["salt"])  # so that a damaged one is told of here
    return Removals(found["salt"], {str(key): int(at) for key, at in found["removed"].items()})


def as_json(links: Links) -> bytes:
    """Return the content of the file."""
    lists = [{"salt": one.salt, "removed": one.digests} for one in (links.removals, *links.brought)]
    content = {**lists[0], "brought": lists[1:], "links": links.table.rows()}
    return json.dumps(content, ensure_ascii=False).encode()


def write_links(folder: Path, links: Links) -> None:
    """Replace the links of a data set in one step; the caller holds it for writing."""
    fresh = folder / f".{LINKS}.new"
    with fresh.open("wb") as stream:
        stream.write(as_json(links))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(folder / LINKS)
