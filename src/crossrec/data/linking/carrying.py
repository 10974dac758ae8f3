"""Links that go along when domains are copied into another data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.linking.links import Links, of_two_persons, spaces
from crossrec.data.manifest import DomainRecord

__all__ = ["carried", "put_together"]


def carried(links: Links, records: Mapping[str, DomainRecord], names: Sequence[str]) -> Links:
    """Return the links of some domains of a data set, with all that was ever removed there.

    A link of shared users that was made under a domain that stays behind holds in the others too, so it is written
    under one of those.

    Args:
        links: Of the data set.
        records: Its domains.
        names: Those that are copied.
    """
    shared = [name for name in names if records[name].users_are == "shared"]
    everywhere = [name for name, record in records.items() if record.users_are == "shared"] if shared else []
    table = links.table.filter(pl.col("domain").is_in([*names, *everywhere]))
    moved = {name: shared[0] for name in everywhere if name not in names}
    return replace(links, table=table.with_columns(pl.col("domain").replace(moved)).unique(maintain_order=True))


def put_together(there: Links, brought: Links, records: Mapping[str, DomainRecord], folder: Path) -> Links:
    """Put links that come with domains to those that are there; what was removed on either side is linked on neither.

    Args:
        there: Links of the data set that is written to; of a new one, none.
        brought: Links that come.
        records: All domains of the data set, when it is written.
        folder: The data set, as messages call it.

    Raises:
        InvalidInput: An account would be two persons.
    """
    space = spaces(records)
    salt = there.removals if there.removals.digests else brought.removals
    first = replace(there, removals=salt, table=pl.concat([there.table, brought.table]).unique(maintain_order=True))
    whole = first.obeying(there, space).obeying(brought, space)
    double = of_two_persons(whole.table, space)
    if double.height:
        raise InvalidInput(
            f"'{folder}': {double['user_id'].n_unique()} accounts are linked to one person there and to another in the "
            f"data that come, in domain '{double['domain'][0]}'; write to a new folder"
        )
    return whole
