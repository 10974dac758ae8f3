"""Protocol: how a number came about, and the hash that goes with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crossrec.core.clock import check_seed
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.recommendations import check_k
from crossrec.data.split import PROTOCOLS, Setting, Split, split

__all__ = ["Protocol"]

_DEFINITION = 1
"""Raised whenever the meaning of a metric, mask or split changes, so that old hashes stay apart."""


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a number apart from the model and the data.

    Lists rank the full catalogue of the target domain, equal scores by lower code. Items that are in the
    asker's history are left out unless `repeats`.

    Args:
        name: "leave-last-out", "global-time", "given" or "random".
        k: Length of the lists.
        cutoffs: More lengths at which metrics are computed.
        seed: Fixes what the split leaves to chance.
        repeats: May a list hold what the asker already had (retail)?
        part: "test", or "validation" to choose settings.
        fit_on: "train" or "train+validation". The default is "train", but "train+validation" for the test
            part of a given split: there validation is a loan from train, and published numbers learn from
            all of train.
        settings: Arguments of the split by name, see `crossrec.data.split`.

    Raises:
        NotFound: No protocol of that name.
        InvalidInput: Another value breaks its rule.

    >>> Protocol("random", k=10).hash == Protocol("random", k=20).hash
    False
    """

    name: str
    k: int = 10
    cutoffs: tuple[int, ...] = ()
    seed: int = 0
    repeats: bool = False
    part: str = "test"
    fit_on: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.name not in PROTOCOLS:
            raise unknown_name("protocol", self.name, PROTOCOLS)
        for k in (self.k, *self.cutoffs):
            check_k(k)
        check_seed(self.seed)
        if self.part not in ("test", "validation"):
            raise InvalidInput(f"part: expected 'test' or 'validation', got '{self.part}'")
        if not self.fit_on:
            whole = self.name == "given" and self.part == "test"
            object.__setattr__(self, "fit_on", "train+validation" if whole else "train")
        if self.fit_on not in ("train", "train+validation"):
            raise InvalidInput(f"fit_on: expected 'train' or 'train+validation', got '{self.fit_on}'")
        if self.part == "validation" and self.fit_on != "train":
            raise InvalidInput("fit_on: expected 'train' where part is 'validation': a model must not learn its exam")

    @property
    def lengths(self) -> tuple[int, ...]:
        """All list lengths, shortest first."""
        return tuple(sorted({self.k, *self.cutoffs}))

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change with every setting above, and with nothing else."""
        text = json.dumps({"definition": _DEFINITION, **self._settings()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def split(self, data: Interactions) -> Split:
        """Split data as this protocol says.

        Raises:
            Refused: The data cannot bear it.
        """
        return split(data, self.name, seed=self.seed, settings=self.settings)

    def to_json(self) -> dict[str, Any]:
        """Return all settings and the hash."""
        return {**self._settings(), "hash": self.hash}

    def _settings(self) -> dict[str, Any]:
        candidates = "full catalogue of the target domain"
        return {
            **asdict(self),
            "cutoffs": list(self.lengths),
            "settings": dict(self.settings),
            "candidates": candidates,
            "mask": "none" if self.repeats else "history",
        }
