"""Link accounts to persons, from a table: all rows that may be, each counted, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.linking.address import person_of_address
from crossrec.data.linking.links import SCHEMA, of_two_persons, read_links, spaces, write_links
from crossrec.data.manifest import DomainRecord, read_manifest
from crossrec.data.storing.parts import scan
from crossrec.data.storing.transaction import writing

__all__ = ["LinkSummary", "add_links"]

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")


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
    manifest = read_manifest(place)
    rows = _read(table, secret, manifest.domains)
    with writing(place):
        links = read_links(place)
        agreed = rows.filter("consent")
        accounts = _accounts(place, manifest.domains)
        there = agreed.join(accounts, on=["domain", "user_id"], how="semi", maintain_order="left")
        space = spaces(manifest.domains)
        wanted = there.select("domain", "user_id").iter_rows()
        gone = [links.was_removed(space[domain], user) for domain, user in wanted]
        fresh = there.filter(~pl.Series(gone, dtype=pl.Boolean))
        _refuse_contradictions(fresh, links.table, space, merge_accounts=merge_accounts)
        whole = pl.concat([links.table, fresh.select(list(SCHEMA))]).unique(maintain_order=True)
        write_links(place, replace(links, table=whole))
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


def _refuse_contradictions(
    fresh: pl.DataFrame, old: pl.DataFrame, space: Mapping[str, str], *, merge_accounts: bool
) -> None:
    """Refuse an account of two persons, and two accounts of one domain that would be one person."""
    before = old.with_columns(pl.lit(0, pl.UInt32).alias("row"))
    rows = pl.concat([before.select("row", *SCHEMA), fresh.select("row", *SCHEMA)])
    of_two = of_two_persons(rows, space)
    if of_two.height:
        at = ", ".join(str(row) for row in sorted(set(of_two["row"].to_list()) - {0})[:5])
        raise InvalidInput(f"link table, rows {at}: expected one person for an account, got two")
    where = pl.col("domain").replace(dict(space))
    double = rows.filter(pl.col("user_id").n_unique().over(where, "person_id") > 1)
    if double.height and not merge_accounts:
        at = ", ".join(str(row) for row in sorted(set(double["row"].to_list()) - {0})[:5])
        raise InvalidInput(
            f"link table, rows {at}: expected one account of a person in a domain, got several; say merge-accounts "
            "where that is meant"
        )
