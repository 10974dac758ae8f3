"""How alike are two domains: what one says about persons beside what the other says, and what chance would give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.evaluation.likeness.measures import Comparison, Measure, measures_of
from crossrec.evaluation.report import without_nan
from crossrec.evaluation.transferring.exam import of_domains
from crossrec.metrics.alignment import unit_rows
from crossrec.models.classic.als import ALS
from crossrec.models.histories import Histories
from crossrec.models.progress import tracked

__all__ = ["FEWEST", "Pair", "Similarity", "domain_similarity"]

FEWEST = 20
"""Fewest persons in both domains of whom a figure is given."""


@dataclass(frozen=True)
class Pair:
    """Two domains.

    Args:
        one: A domain.
        other: Another.
        persons: Persons with acts in both.
        compared: Of how many the measures are: at most as many as were asked for, drawn by chance.
        measures: What was found; none where there are too few persons.
        problem: Why there is none, or why to be careful; empty where nothing is to be said.
    """

    one: str
    other: str
    persons: int
    compared: int
    measures: Sequence[Measure]
    problem: str = ""

    def of(self, name: str) -> Measure | None:
        """Return one measure, or None where there is none."""
        return next((one for one in self.measures if one.name == name), None)


@dataclass(frozen=True)
class Similarity:
    """How alike the domains of a data set are.

    Args:
        data_hash: Fingerprint of the rows that were compared.
        settings: What the measures were told.
        pairs: All pairs of domains.
    """

    data_hash: str
    settings: Mapping[str, float]
    pairs: Sequence[Pair]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values; what is not known is None."""
        found: dict[str, Any] = without_nan({**asdict(self), "schema": 1})
        return found

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the result as plain text, one line a measure."""
        told = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        lines = [f"vectors of persons in both domains, from each domain's own ALS; {told}"]
        for pair in self.pairs:
            lines += ["", f"{pair.one} and {pair.other}: {pair.persons:,} persons in both, {pair.compared:,} compared"]
            if pair.problem:
                lines.append(f"  {pair.problem}")
            lines += [f"  {one}" for one in pair.measures]
        return "\n".join(lines)


def domain_similarity(
    data: Interactions,
    *,
    factors: int = 32,
    neighbours: int = 10,
    ridge: float = 0.1,
    shuffles: int = 200,
    most: int = 2000,
    seed: int = 0,
) -> Similarity:
    """Factorise each domain alone, and compare what both say about the persons that are in both.

    Vectors are `ALS.embed` of the history in one domain, brought to length 1, so that whoever does much in both does
    not pass for taste. Each domain starts from other random vectors: nothing but the persons joins two spaces.

    Args:
        data: Several domains.
        factors: Dimensions D of the vectors, >= 1.
        neighbours: Nearest persons k of the neighbour overlap, >= 1.
        ridge: Of the canonical correlation, see there.
        shuffles: How often the links are shuffled to see what chance gives, >= 1.
        most: At most so many persons of a pair are compared, >= 20; N² numbers are held.
        seed: Fixes the vectors at the start, the draw and the shuffles.

    Raises:
        InvalidInput: There is one domain, or a setting is out of its range.
    """
    if min(factors, neighbours, shuffles) < 1 or most < FEWEST or not ridge >= 0:
        raise InvalidInput(
            f"transfer similarity: expected factors, neighbours and shuffles >= 1, most >= {FEWEST} and ridge >= 0, "
            f"got {factors}, {neighbours}, {shuffles}, {most}, {ridge}"
        )
    liked = data.liked
    codes = np.unique(liked.catalogue.domains[liked.items]).tolist()
    if len(codes) < 2:
        raise InvalidInput("transfer similarity: expected two domains or more, got one; import another one beside it")
    spaces = {code: _space(liked, code, factors, seed) for code in tracked("domains", codes)}
    told = Comparison(neighbours=neighbours, ridge=ridge, shuffles=shuffles, seed=seed)
    pairs = [(one, other) for one in codes for other in codes if one < other]
    names = liked.catalogue.domain_names
    return Similarity(
        data_hash=liked.fingerprint,
        settings={"factors": factors, **asdict(told), "most": most},
        pairs=[
            _compared((names[one], names[other]), (spaces[one], spaces[other]), told, most)
            for one, other in tracked("pairs", pairs)
        ],
    )


def _space(data: Interactions, code: int, factors: int, seed: int) -> tuple[NDArray[np.int32], Doubles]:
    """Return who has acts in a domain, Int32[N] rising, and their vectors of length 1, Float64[N, D]."""
    own = of_domains(data, [code])
    persons = np.unique(own.users)
    return persons, unit_rows(
        ALS(factors=factors, seed=seed + 2 * code).fit(own).embed(Histories.of(own).rows(persons))
    )


def _compared(
    names: tuple[str, str],
    spaces: tuple[tuple[NDArray[np.int32], Doubles], tuple[NDArray[np.int32], Doubles]],
    told: Comparison,
    most: int,
) -> Pair:
    """Compare two domains by the persons that are in both."""
    (of_one, x), (of_other, y) = spaces
    both, in_one, in_other = np.intersect1d(of_one, of_other, assume_unique=True, return_indices=True)
    if len(both) < FEWEST:
        said = "no person is" if len(both) == 0 else "one person is" if len(both) == 1 else f"{len(both)} persons are"
        problem = (
            f"{said} in both, {FEWEST} are needed: there is nothing to compare by, and no figure is given; "
            "import with --shared-users where accounts are one person, or join accounts by `crossrec data link`"
        )
        return Pair(*names, len(both), 0, (), problem)
    drawn = random(told.seed).permutation(len(both))[:most]
    found = measures_of(x[in_one[drawn]], y[in_other[drawn]], told)
    few = len(drawn) < 4 * x.shape[1]
    problem = (
        f"few persons for {x.shape[1]} dimensions: chance alone gives high figures, take fewer factors" if few else ""
    )
    return Pair(*names, len(both), len(drawn), found, problem)
