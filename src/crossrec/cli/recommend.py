"""crossrec recommend: lists for one user, or for all to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from crossrec.cli.show import AsJson, advancing, note, out, print_json, table
from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.core.vocabulary import Id
from crossrec.models.progress import watching
from crossrec.models.recommender import Recommender
from crossrec.tracking.bundle import open_bundle
from crossrec.tracking.remote import bundle_folder

__all__ = ["recommend"]

_FORMS = {
    ".parquet": "write_parquet",
    ".csv": "write_csv",
    ".jsonl": "write_ndjson",
    ".ndjson": "write_ndjson",
}


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
    if out_file is not None:
        _check_target(out_file)
    recommender = open_bundle(bundle_folder(model)).model
    ids = recommender.histories_.user_ids.series.to_list() if everyone else _known(recommender, user or [])
    with advancing() as progress, watching(progress if everyone else None):
        lists = recommender.recommend(ids, k, exclude_seen=not include_seen, domain=domain)
    frame = lists.to_polars()
    if out_file is not None:
        _write(frame, out_file)
        note.print(f"wrote {len(ids):,} lists, {frame.height:,} rows, to {out_file}")
        return
    titles = recommender.catalogue_.titles
    if titles is not None:
        frame = frame.with_columns(pl.Series("title", [titles[code] for code in lists.items.ravel() if code >= 0]))
    if as_json:
        print_json(frame.with_columns(pl.col("score").cast(pl.Float64).round(6)).to_dicts())
        return
    lengths = (lists.items >= 0).sum(axis=1).tolist()
    for row, one in enumerate(ids):
        named = f" by {lists.sources[row]}" if lists.sources else ""
        part = frame.slice(sum(lengths[:row]), lengths[row]).drop("user_id")
        table(f"for {one}{named}", part.columns, [list(cells) for cells in part.iter_rows()])
    if frame.height == 0:
        out.print("no recommendations: the model has no opinion")


def _known(model: Recommender, users: list[str]) -> list[Id]:
    """Read ids from the command line as the model's kind of id; a stranger is told of, not refused.

    Whoever is named twice has one list.
    """
    vocabulary = model.histories_.user_ids
    found: list[Id] = []
    for user in users:
        one: Id = int(user) if vocabulary.is_integer and user.lstrip("-").isdigit() else user
        if one not in vocabulary:
            note.print(f"no history of user {user!r} in this bundle; the answer is the one for strangers")
        found.append(one)
    return list(dict.fromkeys(found))


def _check_target(path: Path) -> None:
    """Refuse a file that could not be written, before the lists are made."""
    if path.suffix not in _FORMS:
        raise InvalidInput(f"--out: expected a name ending in .parquet, .csv or .jsonl, got '{path}'")
    if not path.absolute().parent.is_dir():
        raise NotFound(f"folder {path.parent} does not exist")


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the form that the file's name says."""
    try:
        getattr(frame, _FORMS[path.suffix])(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Unavailable(f"--out: {path} cannot be written ({error})") from error
