"""Reads the data of the quality commands, finds the best settings of a grid, compares, and writes what was found."""

from __future__ import annotations

import gzip
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from crossrec.core.arrays import Codes, Doubles
from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.transferring.effects import effect_of
from crossrec.models.recommender import create

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("CROSSREC_DATA", HERE.parents[1] / "../shared/data"))
RESULTS = HERE.parent / "results"
BEAUTY = SHARED / "s3rec-Beauty/Beauty.txt.gz"
FILMS = SHARED / "ml-1m/sasrec/ml-1m.txt.gz"


def listed(path: Path) -> pl.DataFrame:
    """Read lines of `user item`, or of `user item item …`, into rows of user_id and item_id, in their order."""
    with gzip.open(path, "rt") as lines:
        words = pl.Series("words", lines.read().splitlines()).str.split(" ")
    frame = pl.DataFrame({"user_id": words.list.first(), "item_id": words.list.slice(1)}).explode("item_id")
    return frame.filter(pl.col("item_id").is_not_null() & (pl.col("item_id") != ""))


def grid(**values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return all combinations of settings.

    >>> grid(l2=[1, 2], keep=[0])
    [{'l2': 1, 'keep': 0}, {'l2': 2, 'keep': 0}]
    """
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def best_of(
    name: str, settings: list[dict[str, Any]], data: Interactions, protocol: Protocol, metric: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Evaluate a model under every setting on the validation part; return the best settings and all figures."""
    if protocol.part != "validation":
        raise SystemExit("settings are never chosen on test")
    tried = []
    for chosen in settings:
        report = evaluate(create(name, **chosen), data, protocol, metrics=(metric.split("@")[0],), resamples=0)
        tried.append({**chosen, metric: round(report.models[0].metrics[metric].value, 5)})
        print(f"  validation {name} {tried[-1]}", flush=True)
    best = max(range(len(tried)), key=lambda place: tried[place][metric])
    return settings[best], tried


def compared(values: Mapping[str, Doubles], name: str, control: str, users: Codes) -> dict[str, Any]:
    """Compare two models on the same questions of persons."""
    effect = effect_of((control, name), ("all", ""), values[control], values[name], users)
    print(name, "-", control, f"{effect.difference:+.4f} [{effect.low:+.4f}, {effect.high:+.4f}]", flush=True)
    numbers = {key: round(getattr(effect, key), 5) for key in ("difference", "low", "high", "margin")}
    return {"model": name, "control": control, **numbers, "verdict": effect.verdict}


def told(name: str, done: int, total: int) -> None:
    """Print an epoch of a network a line."""
    if name.startswith("epochs"):
        print(f"  {name} {done}/{total}", flush=True)


def machine() -> dict[str, Any]:
    """Say on what a figure was measured."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}


def commit() -> str:
    """Name the state of the code, and say where it is not what was committed: then the commit alone does not tell."""

    def said(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()

    changed = said("status", "--porcelain", "--", "../../src", "..", ":(exclude)../results")
    return said("rev-parse", "--short", "HEAD") + " with changes" * bool(changed)


def provenance() -> dict[str, str]:
    """Say which command ran, on which state of the code."""
    script = Path(sys.argv[0]).resolve().relative_to(HERE.parents[1])
    return {"command": shlex.join(["python", str(script), *sys.argv[1:]]), "commit": commit()}


def write(name: str, found: Mapping[str, Any]) -> None:
    """Write figures beside those of the speed benchmarks, and the machine with them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**found, "machine": machine()}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
