"""crossrec transfer newcomers: the published protocol of mapping models, with the baselines it leaves out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from crossrec.cli.data.choices import Domains, SeveralDomains, read_for_models
from crossrec.cli.show import AsJson, advancing, out, parse_names, print_json
from crossrec.core.settings import from_text, load_settings
from crossrec.evaluation.transferring.newcomers import MAPPINGS, SHARES
from crossrec.evaluation.transferring.newcomers import newcomers as run
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["newcomers"]

_SHARES = ",".join(map(str, SHARES))


def newcomers(
    data: SeveralDomains,
    target: Annotated[str, typer.Option(help="The domain whose ratings are predicted.")],
    domains: Domains = "",
    model: Annotated[
        list[str] | None,
        typer.Option(
            help='A model that predicts ratings: "rated_emcdr factors=10 ridge=1". Repeat; of one model\'s settings '
            "validation takes the best. Without any: svd, EMCDR and PTUPCDR (extra torch)."
        ),
    ] = None,
    shares: Annotated[
        str, typer.Option(help="Of the persons in both, who lose their ratings in the target.")
    ] = _SHARES,
    seeds: Annotated[str, typer.Option(help="Fix who is held out, one draw each.")] = "0",
    as_json: AsJson = False,
) -> None:
    """Take all ratings of some persons in a domain away, and predict them from what they rated elsewhere."""
    use_threads(load_settings().threads)
    some: list[float] = _numbers("--shares", shares, float)
    draws: list[int] = _numbers("--seeds", seeds, int)
    interactions = read_for_models(data, domains)
    with advancing("holding out") as progress, watching(progress):
        found = run(interactions, target, models=_grouped(model) if model else MAPPINGS, shares=some, seeds=draws)
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())


def _numbers(option: str, text: str, kind: Any) -> list[Any]:
    """Read numbers with commas between them."""
    return [from_text(option, word, kind) for word in parse_names(text)]


def _grouped(words: list[str]) -> dict[str, list[str]]:
    """Put the settings of one model together under its name."""
    found: dict[str, list[str]] = {}
    for one in words:
        found.setdefault(one.split(maxsplit=1)[0] if one.strip() else one, []).append(one)
    return found
