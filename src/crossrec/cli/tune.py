"""crossrec tune: search a model's settings on the validation part, within a budget of minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import (
    DataFolder,
    Domains,
    OfProtocol,
    ProtocolName,
    ReadingMemory,
    Repeats,
    read_for_models,
)
from crossrec.cli.show import AsJson, advancing, check_file, note, out, parse_pairs, print_json
from crossrec.core.errors import InvalidInput
from crossrec.core.settings import load_settings
from crossrec.evaluation.protocol import protocol_from_text
from crossrec.evaluation.tuning.tune import tune as run
from crossrec.evaluation.tuning.tuned import read_tuned, write_tuned
from crossrec.models.machine import use_threads
from crossrec.wiring import model_from_text

__all__ = ["tune"]


def tune(
    model: Annotated[str, typer.Argument(help="Name of the model: ease, als, item_knn, …")],
    data: DataFolder,
    protocol: ProtocolName,
    minutes: Annotated[float, typer.Option(help="No trial starts later.")] = 10.0,
    trials: Annotated[int | None, typer.Option(help="At most so many trials, earlier ones among them.")] = None,
    metric: Annotated[str, typer.Option(help="What to look at: ndcg@10, recall@20, …, or rmse.")] = "ndcg@10",
    seed: Annotated[int, typer.Option(help="Fixes the search, and what the split leaves to chance.")] = 0,
    domains: Domains = "",
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting that is not searched for: epochs=20. Repeat.")
    ] = None,
    repeats: Repeats = False,
    asking: OfProtocol = None,
    file: Annotated[
        Path | None, typer.Option("--out", help="A file for all trials and the best settings; MODEL.tuned.json.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Such a file, to go on from it where it is there; --out is the same.")
    ] = None,
    memory: ReadingMemory = "",
    as_json: AsJson = False,
) -> None:
    """Try settings on the validation part, never on a test row, and keep the best for train and compare."""
    use_threads(load_settings().threads)
    target = file or resume or Path(f"{model}.tuned.json")
    if target.exists() and target != resume:
        raise InvalidInput(f"--out: '{target}' is there already; go on from it by --resume, or name another file")
    check_file("--out", target)
    told = parse_pairs("--protocol-set", asking or [])
    asked = protocol_from_text(protocol, told, repeats=repeats, seed=seed)
    fixed = parse_pairs("--set", setting or [])
    made = model_from_text(model, fixed)
    space = {name: values for name, values in getattr(made, "space", {}).items() if name not in fixed}
    earlier = read_tuned(resume) if resume is not None and resume.exists() else None
    interactions = read_for_models(data, domains, memory)
    with advancing(f"tuning {model}") as progress:
        found = run(
            made,
            interactions,
            asked,
            name=model,
            space=space,
            metric=metric,
            minutes=minutes,
            trials=trials,
            seed=seed,
            earlier=earlier,
            keep=lambda standing: write_tuned(standing, target),
            progress=progress,
        )
    note.print(f"settings written to {target}: crossrec train {model} --settings {target}")
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(str(found))
