"""The published protocol of mapping models: ratings of persons who lose all they rated in the target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.metrics.rating import mae, rmse
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.abilities import Rates
from crossrec.models.histories import Histories
from crossrec.models.progress import tracked
from crossrec.models.recommender import model_of

__all__ = ["BASELINES", "MAPPINGS", "SHARES", "Newcomers", "Row", "newcomers"]

SHARES = (0.2, 0.5, 0.8)
"""Of the persons in both, who lose all they rated in the target."""
BASELINES = ("global mean", "item mean", "biases", "scaled biases")
MAPPINGS = {
    "svd over both": ("svd factors=10", "svd factors=20"),
    "EMCDR, linear": ("rated_emcdr factors=10 ridge=0.1", "rated_emcdr factors=10 ridge=1"),
    "EMCDR, mlp": ("rated_emcdr mapping=mlp factors=10 ridge=0.1", "rated_emcdr mapping=mlp factors=10 ridge=1"),
    "PTUPCDR": ("rated_ptupcdr factors=10 ridge=0.1", "rated_ptupcdr factors=10 ridge=1"),
}
"""One model of all domains and the mappings, each with the settings that are tried on validation; 10 dimensions, as
published."""
_DAMPING, _AT_ONCE, _FEWEST, _VALIDATION = 5.0, 4096, 20, 0.2
_AGAINST = ("item mean", "scaled biases")


@dataclass(frozen=True)
class Row:
    """Errors of one predictor on the ratings of newcomers.

    Args:
        share: Of the persons in both who were held out.
        name: A baseline or the name of a model.
        rmse: Root of the mean squared error, in stars; the mean of the draws.
        mae: Mean absolute error, likewise.
        differences: Baseline -> mean squared error less the baseline's, with the ends of its 95 % interval, persons
            drawn with their ratings of all draws; below 0 is better.
        settings: What validation chose, for each draw; empty for a baseline.
    """

    share: float
    name: str
    rmse: float
    mae: float
    differences: Mapping[str, tuple[float, float, float]]
    settings: Sequence[str]


@dataclass(frozen=True)
class Newcomers:
    """The result: baselines first, then models, for each share.

    Args:
        target: The domain whose ratings are predicted.
        persons: Share -> persons who were held out in each draw.
        ratings: Share -> their ratings in the target, over all draws.
        rows: What each predictor reached.
        seeds: Fixed who was held out, one draw each.
    """

    target: str
    persons: Mapping[str, int]
    ratings: Mapping[str, int]
    rows: Sequence[Row]
    seeds: Sequence[int]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {**asdict(self), "metric": "rmse, mae", "schema": 1}

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the result as plain text, one line a predictor."""
        lines = [f"{self.target}: ratings of persons without any there, from what they rated elsewhere"]
        for share, persons in self.persons.items():
            said = f"{float(share):.0%} of the persons in both held out: {persons:,}, mean of {len(self.seeds)} draws"
            heads = "".join(f"{'squared error - ' + name:>36}" for name in _AGAINST)
            lines += ["", said, f"{'':16}{'RMSE':>8}{'MAE':>8}{heads}"]
            for row in self.rows:
                if str(row.share) == share:
                    cells = "".join(
                        f"{f'{value:+.4f} [{low:+.4f}, {high:+.4f}]':>36}"
                        for value, low, high in row.differences.values()
                    )
                    lines.append(f"{row.name:16}{row.rmse:8.4f}{row.mae:8.4f}{cells}")
        return "\n".join(lines)


class _Draw(NamedTuple):
    """What one draw gave: the ratings, whose they are, and what each predictor said of them and by which settings."""

    test: Interactions
    said: Mapping[str, Floats]
    settings: Mapping[str, str]


def newcomers(
    data: Interactions,
    target: str,
    *,
    models: Mapping[str, Sequence[str]] = MAPPINGS,
    shares: Sequence[float] = SHARES,
    seeds: Sequence[int] = (0,),
) -> Newcomers:
    """Take all that some persons rated in a domain away, and predict it from what they rated elsewhere.

    Baselines know no more than the training part: the target's mean; the mean of the item, drawn to the target's mean
    by 5 ratings; with it the person's bias, from what they rated elsewhere, drawn to 0 likewise; and the same with that
    bias times the one number that fits the persons in both best, which is all that carries over where only generosity
    does. Where a model has several settings, a fifth of the persons in both who are left lose all they rated in the
    target too; the settings with the smallest squared error on that are fitted on the whole training part, and the
    held-out ratings are asked once. Persons are held out in one order, so those of a smaller share are among those of
    a larger one.

    Args:
        data: Several domains, every row with a rating.
        target: The domain whose ratings are predicted.
        models: Name -> words of models that predict ratings, of which validation takes one.
        shares: Of the persons in both, in (0, 1).
        seeds: Fix who is held out, one draw each.

    Raises:
        NotFound: No such domain or model.
        InvalidInput: A row has no rating, a share is out of range, a model predicts none, or too few persons are in
            both.

    Source: Man et al. 2017, section 5.1, and Zhu et al. 2022, section 4.1. Neither prints the baselines.
    """
    liked = data.liked
    inside = liked.catalogue.in_domain(target)[liked.items]
    _check(liked, models, shares, seeds)
    both = np.intersect1d(liked.users[inside], liked.users[~inside])
    if len(both) * min(min(shares), _VALIDATION * (1 - max(shares))) < _FEWEST:
        raise InvalidInput(
            f"newcomers: expected {_FEWEST} persons to hold out and {_FEWEST} to choose settings by, got {len(both)} "
            f"who rated in '{target}' and elsewhere, and shares {shares}; take another domain, or link accounts first"
        )
    rows: list[Row] = []
    persons, ratings = {}, {}
    for share in tracked("shares", list(shares)):
        draws = [_drawn(liked, inside, random(seed).permutation(both), share, models) for seed in seeds]
        persons[str(share)] = int(share * len(both))
        ratings[str(share)] = sum(len(draw.test) for draw in draws)
        rows += _rows(share, draws)
    return Newcomers(target, persons, ratings, rows, tuple(seeds))


def _check(
    liked: Interactions, models: Mapping[str, Sequence[str]], shares: Sequence[float], seeds: Sequence[int]
) -> None:
    """Refuse what cannot be measured, before anything is fitted."""
    for words in (words for options in models.values() for words in options):
        if not isinstance(model_of(words), Rates):
            raise InvalidInput(f"newcomers: '{words}' predicts no ratings; take svd, rated_emcdr or rated_ptupcdr")
    missing = int(np.isnan(liked.ratings).sum())
    if missing or not shares or not seeds or not all(0 < share < 1 for share in shares):
        raise InvalidInput(
            f"newcomers: expected a rating in every row, shares in (0, 1) and a seed, got {missing:,} of "
            f"{len(liked):,} rows without one, shares {shares} and seeds {seeds}"
        )


def _drawn(
    liked: Interactions,
    inside: Bools,
    order: NDArray[np.integer],
    share: float,
    models: Mapping[str, Sequence[str]],
) -> _Draw:
    """Hold out the first persons of an order, choose settings by the next ones, and ask every predictor."""
    cut = int(share * len(order))
    left = order[cut:]
    out = inside & np.isin(liked.users, order[:cut])
    asked = inside & np.isin(liked.users, left[: int(_VALIDATION * len(left))])
    train, test = liked.take(~out), liked.take(out)
    inner, validation = liked.take(~out & ~asked), liked.take(asked)
    said = dict(zip(BASELINES, _baselines(train, test), strict=True))
    settings = {}
    for name, options in models.items():
        settings[name] = options[0]
        if len(options) > 1:
            settings[name] = min(options, key=lambda words: rmse(_said(words, inner, validation), validation.ratings))
        said[name] = _said(settings[name], train, test)
    return _Draw(test, said, settings)


def _said(words: str, train: Interactions, test: Interactions) -> Floats:
    """Return what a model, fitted on one part, predicts of the rows of another."""
    model: Any = model_of(words).fit(train)
    histories = Histories.of(train)
    parts = [
        model.predict(histories.rows(test.users[start : start + _AT_ONCE]), test.items[start : start + _AT_ONCE])
        for start in range(0, len(test), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _baselines(train: Interactions, test: Interactions) -> list[Floats]:
    """Return Float32[N] each: the target's mean, the item's mean, both biases, and both with the person's scaled."""
    ratings, domains = train.ratings.astype(np.float64), train.catalogue.domains
    size, codes = len(train.catalogue.domain_ids), domains[train.items]
    means = np.bincount(codes, ratings, minlength=size) / np.maximum(np.bincount(codes, minlength=size), 1)
    rest = ratings - means[codes]
    of_items = _biases(train.items, rest, len(train.catalogue))
    rest -= of_items[train.items]
    there = codes == domains[test.items[0]]
    of_users = _biases(train.users[~there], rest[~there], len(train.user_ids))
    known = of_users[train.users[there]]
    scale = float(known @ rest[there]) / max(float(known @ known), 1e-9)
    middle = means[domains[test.items]]
    by_item, by_user = middle + of_items[test.items], of_users[test.users]
    said = middle, by_item, by_item + by_user, by_item + scale * by_user
    return [np.clip(one, ratings.min(), ratings.max()).astype(np.float32) for one in said]


def _biases(codes: NDArray[np.integer], rest: Doubles, size: int) -> Doubles:
    """Return Float64[size], the mean rest of each code, drawn to 0."""
    sums = np.bincount(codes, rest, minlength=size)
    found: Doubles = sums / (np.bincount(codes, minlength=size) + _DAMPING)
    return found


def _rows(share: float, draws: Sequence[_Draw]) -> list[Row]:
    """Measure each predictor, and its squared errors against those of two baselines."""
    persons = np.concatenate([draw.test.users for draw in draws])
    errors = {
        name: np.concatenate([(draw.said[name].astype(np.float64) - draw.test.ratings) ** 2 for draw in draws])
        for name in draws[0].said
    }
    rows = []
    for name, squares in errors.items():
        against = {one: bootstrap_mean(squares - errors[one], persons=persons) for one in _AGAINST}
        told = {one: (found.value, found.low, found.high) for one, found in against.items()}
        settings = [draw.settings[name] for draw in draws if name in draw.settings]
        ends = [np.mean([of(draw.said[name], draw.test.ratings) for draw in draws]) for of in (rmse, mae)]
        rows.append(Row(share, name, float(ends[0]), float(ends[1]), told, settings))
    return rows
