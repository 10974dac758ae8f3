"""crossrec data ties: friends and trust become a domain of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, out, print_json
from crossrec.data.dataset import open_dataset
from crossrec.data.preparing.ties import ties_as_domain

__all__ = ["ties"]


def ties(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    domain: Annotated[str, typer.Option(help="The domain whose users are tied to one another.")],
    name: Annotated[str, typer.Option("--as", help="Name of the new domain.")] = "friends",
    replace: Annotated[bool, typer.Option("--replace", help="Make it again where it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a domain in which whom a person knows or trusts is what they have: every model learns from it."""
    data = open_dataset(folder)
    manifest = ties_as_domain(data, domain, name, replace=replace)
    record = manifest.domains[name]
    if as_json:
        told = {"domain": name, "of": domain, "rows": record.rows, "users": record.users, "items": record.items}
        print_json({**told, "version": manifest.version})
        return
    ties = data.ties(domain).height
    out.print(f"{name}: {record.rows:,} rows of {ties:,} ties between {record.users:,} users of {domain}")
    out.print(f"version {manifest.version[:12]}")
