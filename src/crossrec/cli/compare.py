"""crossrec compare: a leaderboard of models, with baselines, costs, and how sure the order is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
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
from crossrec.cli.show import AsJson, advancing, note, out, parse_names, parse_pairs, print_json
from crossrec.core.errors import InvalidInput
from crossrec.core.settings import load_settings
from crossrec.evaluation.comparing.compare import BASELINES
from crossrec.evaluation.comparing.compare import compare as run
from crossrec.evaluation.comparing.leaderboard import Leaderboard
from crossrec.evaluation.comparing.writing import check_folder, write_leaderboard
from crossrec.evaluation.protocol import protocol_from_text
from crossrec.evaluation.tuning.tuned import ChosenSettings, read_settings
from crossrec.models.machine import use_threads
from crossrec.models.recommender import Recommender
from crossrec.wiring import model_from_text, split_settings

__all__ = ["compare"]


def compare(
    models: Annotated[str, typer.Argument(help="Names of models: ease,als,sasrec")],
    data: DataFolder,
    protocol: ProtocolName,
    metric: Annotated[str, typer.Option(help="Gives the order: ndcg, recall, …")] = "ndcg",
    k: Annotated[int, typer.Option("-k", "--k", help="Length of the lists.")] = 10,
    seed: Annotated[int, typer.Option(help="Fixes what the split leaves to chance.")] = 0,
    domains: Domains = "",
    files: Annotated[
        list[Path] | None, typer.Option("--settings", help="Settings that `crossrec tune` found, or JSON. Repeat.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A model's setting: ease.l2=50, or seed=1 for all. Repeat.")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Add popularity, item_knn and ease.")
    ] = True,
    repeats: Repeats = False,
    asking: OfProtocol = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="A folder for leaderboard.json, .md and .html with plots.")
    ] = None,
    memory: ReadingMemory = "",
    as_json: AsJson = False,
) -> None:
    """Fit models on the training part, rank the full catalogue for all test users, and print a leaderboard."""
    use_threads(load_settings().threads)
    names = parse_names(models)
    if len(set(names)) != len(names) or not names:
        raise InvalidInput(f"models: expected different names, got '{models}'")
    if "@" in metric:
        raise InvalidInput(f"--metric: expected a name such as ndcg, and the length of the lists by -k, got '{metric}'")
    told = parse_pairs("--protocol-set", asking or [])
    asked = protocol_from_text(protocol, told, k=k, repeats=repeats, seed=seed)
    chosen = [read_settings(path) for path in files or []]
    made = _made(names, BASELINES if baselines else (), chosen, parse_pairs("--set", setting or []))
    if folder is not None:
        check_folder(folder)
    interactions = read_for_models(data, domains, memory)
    keep = None if folder is None else partial(write_leaderboard, folder=folder)
    with advancing() as progress:
        board = run(made, interactions, asked, metric=metric, baselines=baselines, keep=keep, progress=progress)
    board = dataclasses.replace(board, notes=_notes(board, chosen))
    if folder is not None:
        write_leaderboard(board, folder)
        note.print(f"leaderboard written to {folder}")
    if as_json:
        print_json(board.to_dict())
    else:
        out.print(str(board))


def _made(
    names: Sequence[str], baselines: Sequence[str], chosen: Sequence[ChosenSettings], pairs: Mapping[str, str]
) -> dict[str, Recommender]:
    """Make the models: settings out of files, and over them those of the command line, which are for asked models."""
    everyone = list(dict.fromkeys([*names, *baselines]))
    settings: dict[str, dict[str, str]] = {name: {} for name in everyone}
    for file in chosen:
        for name, found in file.of.items():
            if name not in settings:
                raise InvalidInput(f"'{file.path}': has settings of {name}, and compared are {', '.join(everyone)}")
            settings[name] |= found
    dotted = {key: text for key, text in pairs.items() if "." in key}
    plain = {key: text for key, text in pairs.items() if "." not in key}
    for given in (split_settings(names, plain), split_settings(everyone, dotted)):
        for name, found in given.items():
            settings[name] |= found
    return {name: model_from_text(name, settings[name]) for name in everyone}


def _notes(board: Leaderboard, chosen: Sequence[ChosenSettings]) -> list[str]:
    """Warn of settings that may have been chosen on rows that are tested here."""
    here = board.report.protocol["split_hash"]
    return [
        f"warning: {' and '.join(file.of)} came with settings that were tuned on another split ({file.split_hash}): "
        "rows that are tested here may have been seen there, so that these numbers are too good"
        for file in chosen
        if file.split_hash and file.split_hash != here
    ]
