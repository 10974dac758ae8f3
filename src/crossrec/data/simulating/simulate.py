"""Simulate a world: its rows streamed to disk in one format, its truth beside them; all of it or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.simulating import amazon, goodreads, movielens, reddit
from crossrec.data.simulating.chunks import RATED, Chunk, Stage, chunks, stage
from crossrec.data.simulating.parts import items_table, unified, write_months, write_table
from crossrec.data.storing.transaction import writing
from crossrec.data.storing.writing import Content, write_domains
from crossrec.data.worlds.people import People, people
from crossrec.data.worlds.rules import one_of
from crossrec.data.worlds.truth import write_items, write_users
from crossrec.data.worlds.world import World

__all__ = ["FORMATS", "Simulated", "simulate"]

_Writer = Callable[[Stage, Iterable[pl.DataFrame], Path], int]
_OFFICIAL: dict[str, tuple[_Writer, tuple[str, ...]]] = {
    "movielens": (movielens.write_movielens, movielens.KINDS),
    "amazon-2023": (amazon.write_amazon, amazon.KINDS),
    "goodreads": (goodreads.write_goodreads, goodreads.KINDS),
    "reddit": (reddit.write_reddit, reddit.KINDS),
}
FORMATS = ("dataset", *_OFFICIAL)
"""The formats a world can be written in."""
_PLACES = 1_000_000
_BESIDE = ("shown", "click", "return")


@dataclass(frozen=True)
class Simulated:
    """What was written.

    Args:
        out: The folder.
        format: One of `FORMATS`.
        rows: Domain -> rows in the files.
        left_out: Domain -> kinds of rows that the format cannot hold; lists are in the truth all the same.
    """

    out: str
    format: str
    rows: dict[str, int]
    left_out: dict[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can have it."""
        return asdict(self)


def simulate(
    world: World,
    out: Path | str,
    *,
    style: str = "dataset",
    chunk_rows: int = 400_000,
    progress: Callable[[str], None] | None = None,
) -> Simulated:
    """Simulate a world into a new folder. Same world, same bytes, whatever the chunks and threads.

    Args:
        world: The world.
        out: A folder that is not there, or empty; the truth goes to `out/truth`. Official files of several domains
            go to a folder each.
        style: One of `FORMATS`.
        chunk_rows: About how many rows are held at a time.
        progress: Called with what is being made.

    Raises:
        InvalidInput: The folder has something in it, or a domain has rows that the format cannot hold.
        Unavailable: Another process simulates into it, or the disk is full or refuses.
    """
    folder = Path(out)
    one_of("format", style, FORMATS)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"out: expected a new or empty folder, got '{folder}', which has something in it")
    if style != "dataset":
        _refuse_other_kinds(world, style)
    crowd = people(world)
    draft = folder.absolute().with_name(f".{folder.absolute().name}.unfinished")
    with writing(draft) as workspace:
        rows = _written(world, crowd, workspace / "out", (style, chunk_rows), progress or (lambda _: None))
        if folder.exists():
            folder.rmdir()
        (workspace / "out").rename(folder)
    shutil.rmtree(draft, ignore_errors=True)  # an empty one, where an earlier run was killed
    beside = {name: _beside(world, name) if style != "dataset" else () for name in world.domains}
    return Simulated(str(folder), style, rows, {name: kinds for name, kinds in beside.items() if kinds})


def _written(
    world: World, crowd: People, draft: Path, how: tuple[str, int], say: Callable[[str], None]
) -> dict[str, int]:
    """Write the truth of the users, then domain after domain."""
    style, chunk_rows = how
    say("users")
    truth = draft / "truth"
    write_users(truth, world, crowd)
    contents: dict[str, Content] = {}
    rows: dict[str, int] = {}
    for name in world.domains:
        say(name)
        on = stage(world, name, crowd)
        write_items(truth, world, name, on.things)
        made = chunks(on, chunk_rows)
        tables = _with_lists_kept(made, truth / name / "shown") if on.domain.shown else (one.rows for one in made)
        if style == "dataset":
            parts = draft / "unplaced" / name
            rows[name] = write_months((unified(table, name) for table in tables), parts)
            contents[name] = _content(on, parts)
        else:
            place = draft / name if len(world.domains) > 1 else draft
            rows[name] = _OFFICIAL[style][0](on, _without_beside(tables), place)
    if contents:
        write_domains(draft, contents, progress=say)
        shutil.rmtree(draft / "unplaced")
    return rows


def _content(on: Stage, parts: Path) -> Content:
    """Describe a domain for the data set."""
    things = on.things
    items = items_table(on.domain, pl.Series(things.category), pl.Series(things.price))
    options = {"seed": str(on.world.seed), "transfer": f"{on.world.transfer:g}"}
    return Content(rows=parts, source="simulate", items=items, options=options, users_are="shared")


def _with_lists_kept(made: Iterable[Chunk], folder: Path) -> Iterator[pl.DataFrame]:
    """Give the rows of chunks, and write the truth of their lists as it passes, in blocks of a million places."""
    held: list[pl.DataFrame] = []
    number = 0
    for one in made:
        if one.shown is not None:
            held.append(one.shown)
        yield one.rows
        while sum(table.height for table in held) >= _PLACES:
            joined = pl.concat(held)
            write_table(joined.slice(0, _PLACES), folder, number)
            held, number = [joined.slice(_PLACES)], number + 1
    if sum(table.height for table in held):
        write_table(pl.concat(held), folder, number)


def _without_beside(tables: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Leave out what official files do not have: lists, clicks in them, returns."""
    for table in tables:
        yield table.filter(~pl.col("interaction_type").cast(pl.String).is_in(_BESIDE))


def _beside(world: World, name: str) -> tuple[str, ...]:
    domain = world.domains[name]
    return (("shown", "click") if domain.shown else ()) + (("return",) if domain.returns else ())


def _refuse_other_kinds(world: World, style: str) -> None:
    """Refuse domains that the files of a format could not tell."""
    kinds = _OFFICIAL[style][1]
    for name, domain in world.domains.items():
        if other := [kind for kind, share in domain.kinds.items() if share and kind not in kinds]:
            raise InvalidInput(f"domains.{name}.kinds: {style} holds {', '.join(kinds)}, got '{other[0]}'")
        whole = style in ("amazon-2023", "goodreads")
        scale = domain.ratings
        if whole and any(kind in domain.kinds for kind in RATED) and (scale.step % 1 or scale.lowest % 1):
            raise InvalidInput(f"domains.{name}.ratings: {style} has whole stars, got steps of {scale.step:g}")
