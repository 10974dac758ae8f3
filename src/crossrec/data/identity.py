"""Who is one person in several domains: links from a table or from hashed addresses, with consent and removal."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from crossrec.core.clock import now
from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound
from crossrec.data.manifest import DomainRecord
from crossrec.data.storing.parts import scan
from crossrec.data.storing.transaction import writing
from crossrec.data.storing.writing import existing

__all__ = ["LINKS", "SHARED", "LinkSummary", "Links", "add_links", "person_of_address", "read_links", "remove_person"]

LINKS = "links.json"
SHARED = "*"
"""Stands for all domains with shared users: the same id is one account in them."""
_SCHEMA = pl.Schema({"domain": pl.String(), "user_id": pl.String(), "person_id": pl.String()})
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")


@dataclass(frozen=True)
class Links:
    """Which accounts are one person.

    Args:
        table: domain, user_id, person_id; an account once.
        salt: Of the digests of removed accounts, hexadecimal.
        removed: Digest of an account -> when it was taken apart, milliseconds UTC.
    """

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SCHEMA))
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    removed: dict[str, int] = field(default_factory=dict)

    def digest(self, domain: str, user: str) -> str:
        """Return what is kept of a removed account: enough to know it again.

        Args:
            domain: Its domain, or `SHARED` for all domains with shared users, whose ids are one.
            user: Its id.
        """
        return hmac.new(bytes.fromhex(self.salt), f"{domain}\0{user}".encode(), hashlib.sha256).hexdigest()

    def of_domain(self, record: DomainRecord, domain: str, records: Mapping[str, DomainRecord]) -> pl.DataFrame:
        """Return user_id and person_id of a domain's accounts; shared users are linked in all shared domains."""
        shared = [name for name, other in records.items() if other.users_are == "shared"]
        names = shared if record.users_are == "shared" else [domain]
        return self.table.filter(pl.col("domain").is_in(names)).select("user_id", "person_id").unique()


@dataclass(frozen=True)
class LinkSummary:
    """What became of the rows of a link table; `rows` is the sum of the others but `persons`.

    Args:
        rows: Rows of the table.
        linked: Accounts that are linked now and were not before.
        known: Accounts that were linked so already.
        without_consent: Rows whose consent is missing or no.
        unknown_accounts: Accounts that the data set does not have.
        removed_before: Accounts that were taken apart on request, and that this table would link again.
        persons: Persons with accounts in two domains or more, in all links.
    """

    rows: int
    linked: int
    known: int
    without_consent: int
    unknown_accounts: int
    removed_before: int
    persons: int

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


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


def read_links(folder: Path) -> Links:
    """Read the links of a data set; without any the table is empty.

    Raises:
        CorruptBundle: The file is damaged.
    """
    path = folder / LINKS
    if not path.is_file():
        return Links()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        table = pl.DataFrame(found["links"], schema=_SCHEMA, orient="row")
        return Links(table, str(found["salt"]), {str(key): int(at) for key, at in found["removed"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CorruptBundle(f"{path}: expected links, got something damaged ({type(error).__name__})") from error


def add_links(
    folder: str | Path, table: pl.DataFrame, *, secret: str = "", merge_accounts: bool = False
) -> LinkSummary:
    """Link accounts of a data set to persons: all rows of a table that may be, or none.

    Args:
        folder: The data set.
        table: `domain`, `user_id`, and `person_id` or `email`; `consent` (true, yes, 1) where it was asked for.
        secret: Key of the hash, where the table has addresses.
        merge_accounts: Two accounts of one domain may be one person.

    Raises:
        NotFound: There is no data set.
        InvalidInput: A column is missing, a domain unknown, an account linked to two persons, or, without
            `merge_accounts`, two accounts of a domain to one. Messages name rows, never addresses.
    """
    place = Path(folder)
    manifest = existing(place)
    if manifest is None:
        raise NotFound(f"no data set at '{place}': make one with `crossrec data import`")
    rows = _read(table, secret, manifest.domains)
    with writing(place):
        links = read_links(place)
        agreed = rows.filter("consent")
        accounts = _accounts(place, manifest.domains)
        there = agreed.join(accounts, on=["domain", "user_id"], how="semi", maintain_order="left")
        space = _spaces(manifest.domains)
        wanted = there.select("domain", "user_id").rows()
        gone = [links.digest(space[domain], user) in links.removed for domain, user in wanted]
        fresh = there.filter(~pl.Series(gone, dtype=pl.Boolean))
        _refuse_contradictions(fresh, links.table, space, merge_accounts=merge_accounts)
        whole = pl.concat([links.table, fresh.select(list(_SCHEMA))]).unique(maintain_order=True)
        _write(place, Links(whole, links.salt, links.removed))
    linked = whole.height - links.table.height
    several = whole.group_by("person_id").agg(pl.col("domain").n_unique()).filter(pl.col("domain") > 1).height
    return LinkSummary(
        rows=rows.height,
        linked=linked,
        known=fresh.height - linked,
        without_consent=rows.height - agreed.height,
        unknown_accounts=agreed.height - there.height,
        removed_before=sum(gone),
        persons=several,
    )


def remove_person(folder: str | Path, person: str, clock: Callable[[], int] = now) -> int:
    """Take the accounts of a person apart for good and return how many there were.

    Of each account only a salted digest and the moment stay, so that an old table does not link it again.

    Raises:
        NotFound: No such person is linked.
    """
    place = Path(folder)
    with writing(place):
        links = read_links(place)
        own = links.table.filter(pl.col("person_id") == person)
        if not own.height:
            raise NotFound(f"no such person is linked in '{place}'")
        manifest = existing(place)
        space = _spaces(manifest.domains if manifest else {})
        accounts = own.select("domain", "user_id").rows()
        gone = {links.digest(space.get(domain, domain), user): clock() for domain, user in accounts}
        rest = links.table.filter(pl.col("person_id") != person)
        _write(place, Links(rest, links.salt, {**links.removed, **gone}))
    return own.height


def _read(table: pl.DataFrame, secret: str, domains: Mapping[str, DomainRecord]) -> pl.DataFrame:
    """Return row, domain, user_id, person_id and consent, all checked; addresses are hashed here and dropped."""
    names = set(table.columns)
    if missing := {"domain", "user_id"} - names:
        raise InvalidInput(f"link table, row 1: expected a column '{min(missing)}', got {len(names)} others")
    if len({"person_id", "email"} & names) != 1:
        raise InvalidInput("link table: expected either a column 'person_id' or a column 'email'")
    rows = table.with_row_index("row", offset=2).with_columns(pl.col("domain", "user_id").cast(pl.String))
    if (odd := rows.filter(~pl.col("domain").is_in(list(domains)))).height:
        there = ", ".join(sorted(domains))
        raise InvalidInput(f"link table, row {odd['row'][0]}, column domain: expected one of {there}")
    given = rows["email" if "email" in names else "person_id"].cast(pl.String).to_list()
    persons = []
    for row, value in zip(rows["row"].to_list(), given, strict=True):
        try:
            persons.append(person_of_address(value or "", secret) if "email" in names else (value or "").strip())
        except InvalidInput as error:
            raise InvalidInput(f"link table, row {row}: {error}") from None  # whose cause may hold the address
    consent = rows["consent"].cast(pl.String).fill_null("").str.to_lowercase() if "consent" in names else None
    if consent is not None and (wrong := ~consent.is_in([*_YES, *_NO])).any():
        row = rows["row"].filter(wrong)[0]
        raise InvalidInput(f"link table, row {row}, column consent: expected true or false, got something else")
    agreed = pl.lit(value=True) if consent is None else pl.Series(consent.is_in(_YES))
    found = rows.select("row", "domain", "user_id", pl.Series("person_id", persons, pl.String), agreed.alias("consent"))
    empty = found.filter(pl.any_horizontal(pl.col("domain", "user_id", "person_id").fill_null("") == ""))
    if empty.height:
        raise InvalidInput(f"link table, row {empty['row'][0]}: expected domain, user_id and person, got an empty one")
    if (plain := found.filter(pl.col("person_id").str.contains("@", literal=True))).height:
        raise InvalidInput(
            f"link table, row {plain['row'][0]}, column person_id: expected an id, got what looks like an address; "
            "call the column email, and it is hashed"
        )
    return found


def _accounts(folder: Path, domains: Mapping[str, DomainRecord]) -> pl.DataFrame:
    """Return every account of a data set: domain and user_id."""
    frames = [
        scan(folder / part.path for part in record.parts["interactions"])
        .select(pl.lit(name).alias("domain"), "user_id")
        .unique()
        for name, record in domains.items()
    ]
    return pl.concat(frames).collect(engine="streaming")


def _spaces(domains: Mapping[str, DomainRecord]) -> dict[str, str]:
    """Return domain -> where its user ids mean something: itself, or `SHARED`."""
    return {name: SHARED if record.users_are == "shared" else name for name, record in domains.items()}


def _refuse_contradictions(
    fresh: pl.DataFrame, old: pl.DataFrame, space: Mapping[str, str], *, merge_accounts: bool
) -> None:
    """Refuse an account of two persons, and two accounts of one domain that would be one person."""
    before = old.with_columns(pl.lit(0, pl.UInt32).alias("row"))
    rows = pl.concat([before.select("row", *_SCHEMA), fresh.select("row", *_SCHEMA)])
    rows = rows.with_columns(pl.col("domain").replace(dict(space)).alias("space"))
    of_two = rows.filter(pl.col("person_id").n_unique().over("space", "user_id") > 1)
    if of_two.height:
        at = ", ".join(str(row) for row in sorted(set(of_two["row"].to_list()) - {0})[:5])
        raise InvalidInput(f"link table, rows {at}: expected one person for an account, got two")
    double = rows.filter(pl.col("user_id").n_unique().over("space", "person_id") > 1)
    if double.height and not merge_accounts:
        at = ", ".join(str(row) for row in sorted(set(double["row"].to_list()) - {0})[:5])
        raise InvalidInput(
            f"link table, rows {at}: expected one account of a person in a domain, got several; say merge-accounts "
            "where that is meant"
        )


def _write(folder: Path, links: Links) -> None:
    """Replace the links in one step."""
    content = {"salt": links.salt, "removed": links.removed, "links": links.table.rows()}
    fresh = folder / f".{LINKS}.new"
    with fresh.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(folder / LINKS)
