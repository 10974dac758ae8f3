"""crossrec data export: a data set to a folder or an object store, as it is or for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, advancing, out, print_json
from crossrec.data.dataset import open_dataset
from crossrec.data.exchange.export import export_dataset

__all__ = ["export"]


def export(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; may be s3://, gs:// or az://.")],
    where: Annotated[str, typer.Argument(help="A folder, s3://bucket/folder, gs://… or az://container/folder.")],
    form: Annotated[str, typer.Option("--format", help="parquet, csv or jsonl.")] = "parquet",
    domains: Annotated[str, typer.Option(help="Only these domains, for csv and jsonl: films,books")] = "",
    version: Annotated[str, typer.Option(help="An older version, by the start of its hash.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an older csv or jsonl export.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take other versions away there, so that what was erased is gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a data set elsewhere; parquet can be opened there again, and copies only what is not there."""
    only = [name.strip() for name in domains.split(",") if name.strip()] or None
    data = open_dataset(folder, version)
    with advancing() as progress:
        done = export_dataset(data, where, form=form, domains=only, replace=replace, prune=prune, progress=progress)
    if as_json:
        print_json(done.to_dict())
        return
    kept = f", {done.kept:,} of them were there" if done.kept else ""
    out.print(
        f"{done.where}: version {done.version[:12]} as {done.form}, {done.files:,} files, {done.size:,} bytes{kept}"
    )
