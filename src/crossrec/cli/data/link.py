"""crossrec data link: one person across domains, with consent and removal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from crossrec.cli.show import AsJson, out, print_json, table
from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.identity import add_links, remove_person

__all__ = ["link"]

_SECRET = "CROSSREC_LINK_SECRET"  # noqa: S105 - the name of the variable, not the secret


def link(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    links: Annotated[
        Path | None,
        typer.Option("--table", help="CSV or Parquet: domain, user_id, and person_id or email; consent where asked."),
    ] = None,
    merge_accounts: Annotated[
        bool, typer.Option("--merge-accounts", help="Two accounts of one domain may be one person.")
    ] = False,
    remove: Annotated[str, typer.Option(help="Take the accounts of this person apart for good.")] = "",
    as_json: AsJson = False,
) -> None:
    """Link accounts of different domains to persons, and show how many persons the domains share.

    Addresses are hashed with the secret in the environment variable CROSSREC_LINK_SECRET and never kept.
    """
    if remove and links:
        raise InvalidInput("link: expected --table or --remove, got both")
    done: dict[str, object] = {}
    if links:
        secret = os.environ.get(_SECRET, "")
        done["added"] = add_links(folder, _read(links), secret=secret, merge_accounts=merge_accounts).to_dict()
    if remove:
        done["removed_accounts"] = remove_person(folder, remove)
    dataset = open_dataset(folder)
    matrix = _shared(dataset)
    if as_json:
        print_json({**done, "persons_in_common": matrix})
        return
    for name, value in done.items():
        counts = value.items() if isinstance(value, dict) else [(name, value)]
        out.print(", ".join(f"{str(key).replace('_', ' ')} {count:,}" for key, count in counts))
    rows = [[one, *[matrix[one][other] for other in dataset.domains]] for one in dataset.domains]
    table("persons in common", ["", *dataset.domains], rows)


def _read(path: Path) -> pl.DataFrame:
    """Read a link table, all columns as text."""
    if not path.is_file():
        raise InvalidInput(f"link: expected a CSV or Parquet file, got no file at '{path}'")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        return pl.read_csv(path, infer_schema=False, glob=False)
    except pl.exceptions.PolarsError:
        raise InvalidInput(f"{path.name}: expected a CSV or Parquet table, got something else") from None


def _shared(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Count the persons that each pair of domains has in common; on the diagonal, all of a domain."""
    persons = dataset.persons()
    return {
        one: {other: persons[one].join(persons[other], on="user_id", how="semi").height for other in dataset.domains}
        for one in dataset.domains
    }
