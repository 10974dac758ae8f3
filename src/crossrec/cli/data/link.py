"""crossrec data link: one person across domains, with consent and removal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from crossrec.cli.show import AsJson, out, print_json, table
from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import open_dataset
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.address import person_of_address
from crossrec.data.linking.overlap import persons_in_common
from crossrec.data.linking.removing import remove_person

__all__ = ["link"]

_SECRET = "CROSSREC_LINK_SECRET"  # noqa: S105 - the name of the variable, not the secret
_LONGEST_ADDRESS = 320


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
    remove_address: Annotated[
        bool,
        typer.Option("--remove-address", help="Likewise of the e-mail address that is typed, or comes from stdin."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Link accounts of different domains to persons, and show how many persons the domains share.

    Addresses are hashed with the secret in the environment variable CROSSREC_LINK_SECRET and never kept.
    """
    if sum((links is not None, bool(remove), remove_address)) > 1:
        raise InvalidInput("link: expected one of --table, --remove and --remove-address, got more")
    secret = os.environ.get(_SECRET, "")
    done: dict[str, object] = {}
    if links:
        done["added"] = add_links(folder, _read(links), secret=secret, merge_accounts=merge_accounts).to_dict()
    if remove or remove_address:
        done["removed_accounts"] = remove_person(folder, remove or person_of_address(_address(), secret))
    common = persons_in_common(open_dataset(folder))
    shares = {one: {other: _share(row[other], row[one]) for other in row} for one, row in common.items()}
    if as_json:
        print_json({**done, "persons_in_common": common, "share_of_the_first": shares})
        return
    for name, value in done.items():
        counts = value.items() if isinstance(value, dict) else [(name, value)]
        out.print(", ".join(f"{str(key).replace('_', ' ')} {count:,}" for key, count in counts))
    rows = [[one, *[f"{row[other]:,} ({shares[one][other]:.0%})" for other in row]] for one, row in common.items()]
    table("persons in common (share of the row's)", ["", *common], rows)


def _address() -> str:
    """Have an address that is in no list of processes and no history of a shell."""
    if sys.stdin.isatty():
        return str(typer.prompt("address", hide_input=True))
    return sys.stdin.readline(_LONGEST_ADDRESS + 1)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


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
