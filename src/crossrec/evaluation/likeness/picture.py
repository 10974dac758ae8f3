"""Pictures of domains: items and persons of all of them in one space, laid out in the plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Doubles
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.evaluation.likeness.plane import plane
from crossrec.metrics.alignment import nearest, unit_rows
from crossrec.models.histories import Histories
from crossrec.models.progress import tracked
from crossrec.models.transfer.cmf import CMF

__all__ = ["Cloud", "Picture", "domain_picture"]

_NEAR = 10


@dataclass(frozen=True)
class Cloud:
    """Items, or persons, in the plane.

    Args:
        kind: "items" or "persons".
        labels: What each is called: title or id of an item, id of a person.
        domains: Int[N] place of each one's domain in the picture's names.
        places: N pairs of x and y; the axes mean nothing, near ones are alike.
        same: Share of the ten nearest, in the space that the plane is laid out from, that are of the same domain.
        chance: What that share would be if domains were dealt out anew.
    """

    kind: str
    labels: Sequence[str]
    domains: Sequence[int]
    places: Sequence[tuple[float, float]]
    same: float
    chance: float


@dataclass(frozen=True)
class Picture:
    """Items and persons of several domains in the plane.

    Args:
        data_hash: Fingerprint of the rows.
        settings: How it was made.
        names: The domains.
        clouds: The items, and the persons.
    """

    data_hash: str
    settings: Mapping[str, Any]
    names: Sequence[str]
    clouds: Sequence[Cloud]

    def to_dict(self) -> dict[str, Any]:
        """Return the picture as plain values."""
        return {**asdict(self), "schema": 1}

    def table(self) -> str:
        """Return what can be said without looking, one line a cloud."""
        return "\n".join(
            f"{cloud.kind}: {len(cloud.labels):,} of {', '.join(self.names)}; of the {_NEAR} nearest {cloud.same:.0%} "
            f"are of the same domain, by chance {cloud.chance:.0%}"
            for cloud in self.clouds
        )


def domain_picture(
    data: Interactions,
    *,
    method: str = "tsne",
    perplexity: float = 30.0,
    neighbours: int = 15,
    factors: int = 32,
    most: int = 500,
    seed: int = 0,
) -> Picture:
    """Lay items and persons of all domains out in the plane.

    They are vectors of one `CMF` over all domains, since spaces of models fitted apart have no place in one picture:
    there all domains lie apart, whatever they are. A person is a point in each domain they have acts in, solved from
    the history there alone. All vectors are brought to length 1. Items are those with most acts, persons are drawn.

    Args:
        data: One domain or several.
        method: "tsne" or "umap".
        perplexity: Of t-SNE: about how many near ones each keeps, > 0.
        neighbours: Of UMAP, likewise, >= 2.
        factors: Dimensions of the space, >= 1.
        most: At most so many items and persons of each domain, >= 10.
        seed: Fixes all that is left to chance.

    Raises:
        InvalidInput: A setting is out of its range, or there are too few items or persons for it.
        MissingExtra: The extra "picture" is not installed.
    """
    if most < 10 or factors < 1:
        raise InvalidInput(f"transfer picture: expected most >= 10 and factors >= 1, got {most} and {factors}")
    liked = data.liked
    codes = np.unique(liked.catalogue.domains[liked.items]).tolist()
    if not codes:
        raise InvalidInput("transfer picture: expected acts, there are none")
    near = perplexity if method == "tsne" else neighbours
    told = {"method": method, "perplexity" if method == "tsne" else "neighbours": near}
    model = CMF(factors=factors, balance=1.0, seed=seed).fit(liked)
    shown = {"items": _items(liked, model, codes, most), "persons": _persons(liked, model, codes, most, seed)}
    clouds = []
    for kind, (labels, domains, vectors) in tracked("clouds", list(shown.items())):
        places = plane(vectors, method, near=near, seed=seed)
        clouds.append(_cloud(kind, labels, domains, (vectors, places)))
    return Picture(
        data_hash=liked.fingerprint,
        settings={**told, "factors": factors, "most": most, "seed": seed},
        names=[liked.catalogue.domain_names[code] for code in codes],
        clouds=clouds,
    )


def _items(data: Interactions, model: CMF, codes: list[int], most: int) -> tuple[list[str], NDArray[np.int64], Doubles]:
    """Return the items of each domain with most acts: what they are called, their domains and their vectors."""
    acts = np.bincount(data.items, minlength=len(data.catalogue))
    chosen: list[Codes] = []
    for code in codes:
        inside = np.flatnonzero((data.catalogue.domains == code) & (acts > 0))
        chosen.append(np.sort(inside[np.argsort(-acts[inside], kind="stable")[:most]]).astype(np.int32))
    items = np.concatenate(chosen)
    titles = data.catalogue.titles or [str(item) for item in data.item_ids.series.to_list()]
    domains = np.repeat(np.arange(len(codes)), [len(part) for part in chosen])
    return [titles[item] for item in items.tolist()], domains, unit_rows(model.item_vectors()[items])


def _persons(
    data: Interactions, model: CMF, codes: list[int], most: int, seed: int
) -> tuple[list[str], NDArray[np.int64], Doubles]:
    """Return persons of each domain by what they did there: what they are called, their domains and their vectors."""
    labels, vectors, counts, ids = [], [], [], data.user_ids.series
    for code in codes:
        there = data.take(data.catalogue.domains[data.items] == code)
        persons = np.sort(random(seed).permutation(np.unique(there.users))[:most])
        acts = Histories.of(there).rows(persons)
        labels += [str(one) for one in ids[persons].to_list()]
        vectors.append(unit_rows(model.embed(acts)))
        counts.append(len(persons))
    return labels, np.repeat(np.arange(len(codes)), counts), np.concatenate(vectors)


def _cloud(kind: str, labels: list[str], domains: NDArray[np.int64], laid: tuple[Doubles, Doubles]) -> Cloud:
    """Say how mixed the domains are, and round the places."""
    vectors, places = laid
    near = nearest(vectors, min(_NEAR, len(vectors) - 1))
    same = float((domains[near] == domains[:, None]).mean())
    sizes = np.bincount(domains)
    chance = float((sizes * (sizes - 1)).sum() / (len(domains) * (len(domains) - 1)))
    digits = max(0, 3 - math.floor(math.log10(max(float(np.abs(places).max()), 1e-9))))
    rounded = [(round(float(x), digits), round(float(y), digits)) for x, y in places]
    return Cloud(kind, labels, domains.tolist(), rounded, same, chance)
