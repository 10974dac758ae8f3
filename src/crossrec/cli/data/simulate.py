"""crossrec data simulate: a world with known truth becomes a data set or files in an official format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, note, out, print_json, working
from crossrec.data.simulating.simulate import simulate
from crossrec.data.worlds.presets import preset
from crossrec.data.worlds.reading import read_world

__all__ = ["simulate_world"]


def simulate_world(
    world: Annotated[str, typer.Argument(help="A world in TOML, or one of: small, movielens-25m.")],
    out_folder: Annotated[Path, typer.Option("--out", help="A new or empty folder.")],
    style: Annotated[
        str, typer.Option("--format", help="dataset, movielens, amazon-2023, goodreads or reddit.")
    ] = "dataset",
    as_json: AsJson = False,
) -> None:
    """Make a world's interactions, with the truth beside them in OUT/truth; the same world gives the same bytes."""
    named = not Path(world).is_file() and Path(world).name == world and not world.endswith(".toml")
    given = preset(world) if named else read_world(world)
    with working("simulating") as say:
        made = simulate(given, out_folder, style=style, progress=say)
    if as_json:
        print_json(made.to_dict())
        return
    for name, kinds in made.left_out.items():
        note.print(f"note: {name}: {style} cannot hold rows of {', '.join(kinds)}; lists are in the truth")
    for name, rows in made.rows.items():
        out.print(f"{name}: {rows:,} rows")
    out.print(f"{made.out}: {made.format}, with its truth in {Path(made.out) / 'truth'}")
