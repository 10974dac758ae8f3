"""crossrec evaluate: an honest comparison of models on one data set."""

from __future__ import annotations

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
from crossrec.cli.show import AsJson, advancing, out, parse_names, parse_pairs, print_json
from crossrec.core.errors import InvalidInput
from crossrec.core.settings import load_settings
from crossrec.evaluation.evaluate import evaluate as run
from crossrec.evaluation.protocol import protocol_from_text
from crossrec.models.machine import use_threads
from crossrec.wiring import model_from_text, split_settings

__all__ = ["evaluate"]


def evaluate(
    models: Annotated[str, typer.Argument(help="Names of models: ease,als,popularity")],
    data: DataFolder,
    protocol: ProtocolName,
    k: Annotated[int, typer.Option("-k", "--k", help="Length of the lists.")] = 10,
    domains: Domains = "",
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A model's setting: ease.l2=50, or seed=1 for all. Repeat.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="Only these metrics: ndcg,recall")] = "",
    repeats: Repeats = False,
    seed: Annotated[int, typer.Option(help="Fixes what the split leaves to chance.")] = 0,
    asking: OfProtocol = None,
    slices: Annotated[str, typer.Option(help="Show this metric for new users, long tail and so on: ndcg.")] = "",
    memory: ReadingMemory = "",
    as_json: AsJson = False,
) -> None:
    """Fit models on the training part and rank the full catalogue for all test users."""
    use_threads(load_settings().threads)
    names = parse_names(models)
    if len(set(names)) != len(names) or not names:
        raise InvalidInput(f"models: expected different names, got '{models}'")
    settings = split_settings(names, parse_pairs("--set", setting or []))
    made = {name: model_from_text(name, settings[name]) for name in names}
    told = parse_pairs("--protocol-set", asking or [])
    chosen = protocol_from_text(protocol, told, k=k, repeats=repeats, seed=seed)
    wanted = parse_names(metrics) or None
    interactions = read_for_models(data, domains, memory)
    with advancing() as progress:
        report = run(made, interactions, chosen, metrics=wanted, progress=progress)
    if as_json:
        print_json(report.to_dict())
    else:
        out.print(str(report))
        if slices:
            out.print(f"\n{report.sliced(chosen.named(slices, k))}")
