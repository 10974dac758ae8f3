"""crossrec recommend: lists for one user, or for all to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from crossrec.cli.show import AsJson, note, out, print_json, table
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.vocabulary import Id
from crossrec.models.recommender import Recommender
from crossrec.tracking.bundle import open_bundle
from crossrec.tracking.remote import bundle_folder

__all__ = ["recommend"]


def recommend(
    model: Annotated[str, typer.Option(help="Folder of a bundle; may be s3://, gs:// or az://.")],
    user: Annotated[list[str] | None, typer.Option(help="A user's id. Repeat for more.")] = None,
    k: Annotated[int, typer.Option("-k", "--k", help="Length of the lists.")] = 10,
    domain: Annotated[str | None, typer.Option(help="Recommend in this domain only.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Lists for all users, to a file.")] = False,
    out_file: Annotated[Path | None, typer.Option("--out", help="A .parquet, .csv or .jsonl file.")] = None,
    include_seen: Annotated[bool, typer.Option(help="Lists may hold what the user already had.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the list of a user, or write the lists of all users."""
    if everyone == bool(user):
        raise InvalidInput("recommend: expected either --user ID or --all")
    if everyone and out_file is None:
        raise InvalidInput("recommend: --all needs --out lists.parquet")
    recommender = open_bundle(bundle_folder(model)).model
    ids = recommender.histories_.user_ids.series.to_list() if everyone else _known(recommender, user or [])
    lists = recommender.recommend(ids, k, exclude_seen=not include_seen, domain=domain)
    frame = lists.to_polars()
    titles = recommender.catalogue_.titles
    if out_file is not None:
        _write(frame, out_file)
        note.print(f"wrote {len(ids):,} lists, {frame.height:,} rows, to {out_file}")
        return
    if titles is not None:
        frame = frame.with_columns(pl.Series("title", [titles[code] for code in lists.items.ravel() if code >= 0]))
    if as_json:
        print_json(frame.to_dicts())
        return
    for row, one in enumerate(ids):
        named = f" by {lists.sources[row]}" if lists.sources else ""
        part = frame.filter(pl.col("user_id") == one).drop("user_id")
        table(f"for {one}{named}", part.columns, [list(cells) for cells in part.iter_rows()])
    if frame.height == 0:
        out.print("no recommendations: the model has no opinion")


def _known(model: Recommender, users: list[str]) -> list[Id]:
    """Read ids from the command line as the model's kind of id; a stranger is told of, not refused."""
    vocabulary = model.histories_.user_ids
    found: list[Id] = []
    for user in users:
        one: Id = int(user) if vocabulary.is_integer and user.lstrip("-").isdigit() else user
        if one not in vocabulary:
            note.print(f"no history of user {user!r} in this bundle; the answer is the one for strangers")
        found.append(one)
    return found


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the form that the file's name says."""
    if not path.absolute().parent.is_dir():
        raise NotFound(f"folder {path.parent} does not exist")
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix in (".jsonl", ".ndjson"):
        frame.write_ndjson(path)
    else:
        raise InvalidInput(f"--out: expected a name ending in .parquet, .csv or .jsonl, got '{path}'")
