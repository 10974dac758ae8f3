"""crossrec data quarantine: the rows that an import refused, with their places and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from crossrec.cli.show import AsJson, note, print_json, table
from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import open_dataset

__all__ = ["quarantine"]


def quarantine(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; data@1a2b3c4d for an older version.")],
    domain: Annotated[str, typer.Option(help="Only this domain.")] = "",
    reason: Annotated[str, typer.Option(help="Only reasons that hold this text.")] = "",
    limit: Annotated[int, typer.Option(help="Rows of a domain to show; 0 shows all.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the rows that were refused: file, row, column, reason and value."""
    if limit < 0:
        raise InvalidInput(f"limit: expected >= 0, got {limit}")
    dataset = open_dataset(folder)
    shown = []
    for name in [domain] if domain else dataset.domains:
        found = dataset.refused(name).filter(pl.col("reason").str.contains(reason, literal=True))
        count = int(found.select(pl.len()).collect(engine="streaming").item())
        rows = found.head(limit or count).collect(engine="streaming")
        shown += [{"domain": name, **row} for row in rows.to_dicts()]
        if rows.height < count and not as_json:
            note.print(f"{name}: {rows.height:,} of {count:,} rows; --limit 0 shows all")
    if as_json:
        print_json(shown)
        return
    columns = ["domain", "file", "row", "column", "reason", "value"]
    table("refused rows", columns, [[row[name] for name in columns] for row in shown])
