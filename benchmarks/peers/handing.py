"""Hands interactions over to a peer in its own environment, and reads its answer."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.interactions import Interactions

HERE = Path(__file__).resolve().parent
PYTHONS = {
    "recbole": ("CROSSREC_PEER_RECBOLE", ".venv-peer-recbole"),
    "rectools": ("CROSSREC_PEER_RECTOOLS_TORCH", ".venv-peer-rectools-torch"),
}


def python_of(peer: str) -> str:
    """Return the interpreter of a peer's environment.

    Raises:
        SystemExit: There is none; the message says how it is made.
    """
    variable, folder = PYTHONS[peer]
    path = Path(os.environ.get(variable, HERE.parents[1] / folder / "bin/python"))
    if not path.exists():
        raise SystemExit(f"{peer}: no environment at '{path}'; make {folder}/.made builds it, or {variable} names it")
    return str(path)


def acts(part: Interactions) -> pl.DataFrame:
    """Return user_id and item_id as text, each person's acts in their order."""
    return part.ordered().to_polars().select(pl.col("user_id", "item_id").cast(pl.String))


def atomic(table: pl.DataFrame, path: Path, *, timed: bool) -> None:
    """Write RecBole's form of a table: types in the header, tabs between; the order of the rows is their time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = table.rename({"user_id": "user_id:token", "item_id": "item_id:token"})
    if timed:
        named = named.with_row_index("timestamp:float")
    named.write_csv(path, separator="\t")


def answer_of(peer: str, script: str, *words: object, minutes: float = 60.0) -> dict[str, Any]:
    """Run a script of this folder in a peer's environment and return the JSON of its last line.

    Raises:
        SystemExit: It failed; the message ends with what it said.
    """
    told = [python_of(peer), str(HERE / script), *map(str, words)]
    with tempfile.TemporaryDirectory() as folder:  # some leave logs where they run
        done = subprocess.run(told, cwd=folder, capture_output=True, text=True, timeout=60 * minutes)
    if done.returncode:
        raise SystemExit(f"{peer}: {script} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
