"""Ties as a domain: whom a person knows or trusts becomes what they have, so that every model can learn from it."""

from __future__ import annotations

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset
from crossrec.data.manifest import Manifest
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.writing import Content, write_domains

__all__ = ["SOURCE", "rows_of_ties", "ties_as_domain"]

SOURCE = "ties"
"""What the manifest says such a domain was made by."""


def rows_of_ties(ties: pl.DataFrame, domain: str) -> pl.DataFrame:
    """Write ties as rows of the unified schema: ann's tie to bob is an act of ann on the item `bob`.

    Who is at the end of a tie also has the item that is themselves: so what bob had bears on all who are tied to him.

    Args:
        ties: In the columns of `TIES`.
        domain: Name of the domain.
    """
    themselves = ties.select(pl.col("other_id").unique(maintain_order=True)).with_columns(
        pl.col("other_id").alias("user_id"), pl.lit(1.0, pl.Float32).alias("weight")
    )
    both = pl.concat([ties.select("user_id", "other_id", "weight"), themselves.select("user_id", "other_id", "weight")])
    told = both.unique(["user_id", "other_id"], keep="first", maintain_order=True)
    columns = {
        "user_id": pl.col("user_id"),
        "item_id": pl.col("other_id"),
        "position": pl.int_range(pl.len(), dtype=pl.Int64),
        "domain": pl.lit(domain),
        "interaction_type": pl.lit("follow"),
        "weight": pl.col("weight"),
    }
    return told.select(columns.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in INTERACTIONS.items())


def ties_as_domain(data: Dataset, of: str, name: str, *, replace: bool = False) -> Manifest:
    """Add a domain to a data set that has the ties of one of its domains as acts.

    Its persons are those of that domain, so that any model of several domains learns from both, and the gate says
    whether that helps. Where the ties change, it is made again with `replace`.

    Args:
        data: The data set.
        of: A domain with ties.
        name: What the new one is called: "friends".
        replace: Take the place of a domain of that name which was made so before.

    Raises:
        NotFound: No such domain.
        InvalidInput: It has no ties, its users are its own, or the name is taken.
        Unavailable: Another process writes, or the disk refuses.
    """
    record, ties = data.record(of), data.ties(of)
    if ties.height == 0:
        raise InvalidInput(f"domain '{of}': expected ties between its users, got none; import them beside its rows")
    if record.users_are != "shared":
        raise InvalidInput(
            f"domain '{of}': its users are its own, so those of '{name}' could not be the same persons; import it "
            "with --shared-users"
        )
    there = data.manifest.domains.get(name)
    if there is not None and there.source != SOURCE:
        raise InvalidInput(f"domain '{name}': expected a new name, got one that holds '{there.source}'; choose another")
    content = Content(
        rows=rows_of_ties(ties, name).lazy(),
        source=SOURCE,
        options={"of": of},
        licence=record.licence,
        has_order=False,
        users_are="shared",
        private=record.private,
    )
    return write_domains(data.path, {name: content}, replace=replace)
