"""Protocol: how a number came about, and the hash that goes with it."""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crossrec.core.clock import check_seed
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.recommendations import check_k
from crossrec.core.settings import from_text
from crossrec.data.split import PROTOCOLS, Setting, Split, split

__all__ = ["Protocol", "protocol_from_text"]

_DEFINITION = 1
"""Raised whenever the meaning of a metric, mask or split changes, so that old hashes stay apart."""
_AS_TEXT = ("part", "fit_on", "sampled")
"""Fields that `protocol_from_text` takes beside the settings of the split."""


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a number apart from the model and the data.

    Lists rank the full catalogue of the target domain, equal scores by lower code, unless it is `sampled`. Items that
    are in the asker's history are left out unless `repeats`.

    Args:
        name: "leave-last-out", "global-time", "given", "random" or "new-users".
        k: Length of the lists.
        cutoffs: More lengths at which metrics are computed.
        seed: Fixes what the split leaves to chance.
        repeats: May a list hold what the asker already had (retail)?
        part: "test", or "validation" to choose settings.
        fit_on: "train" or "train+validation". The default is "train", but "train+validation" for the test
            part of a given split: there validation is a loan from train, and published numbers learn from
            all of train.
        settings: Arguments of the split by name, see `crossrec.data.split`.
        sampled: Only to compare with papers that did so: lists rank the right answers among so many items of the domain
            which the asker neither had nor wants, drawn anew for each question, uniformly, from the seed. Every metric
            then has it in its name. 0 ranks the full catalogue.

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
    sampled: int = 0

    def __post_init__(self) -> None:
        if self.name not in PROTOCOLS:
            raise unknown_name("protocol", self.name, PROTOCOLS)
        for k in (self.k, *self.cutoffs):
            check_k(k)
        check_seed(self.seed)
        if type(self.sampled) is not int or self.sampled < 0:
            raise InvalidInput(f"sampled: expected a number of drawn items, 0 for none, got {self.sampled!r}")
        if self.part not in ("test", "validation"):
            raise InvalidInput(f"part: expected 'test' or 'validation', got '{self.part}'")
        if not self.fit_on:
            whole = self.name == "given" and self.part == "test" and self.settings.get("persons") != "new"
            object.__setattr__(self, "fit_on", "train+validation" if whole else "train")
        if self.fit_on not in ("train", "train+validation"):
            raise InvalidInput(f"fit_on: expected 'train' or 'train+validation', got '{self.fit_on}'")
        if self.part == "validation" and self.fit_on != "train":
            raise InvalidInput("fit_on: expected 'train' where part is 'validation': a model must not learn its exam")

    @property
    def lengths(self) -> tuple[int, ...]:
        """All list lengths, shortest first."""
        return tuple(sorted({self.k, *self.cutoffs}))

    def named(self, metric: str, k: int) -> str:
        """Write a metric's name at length: "ndcg@10", or "ndcg@10 sampled@99".

        >>> Protocol("random", sampled=99).named("ndcg", 10)
        'ndcg@10 sampled@99'
        """
        return f"{metric}@{k} sampled@{self.sampled}" if self.sampled else f"{metric}@{k}"

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
        told = {
            **asdict(self),
            "cutoffs": list(self.lengths),
            "settings": dict(self.settings),
            "candidates": "full catalogue of the target domain",
            "mask": "none" if self.repeats else "history",
        }
        if self.sampled:
            return {**told, "candidates": f"right answers and {self.sampled} drawn items of the target domain"}
        return {name: value for name, value in told.items() if name != "sampled"}


def protocol_from_text(name: str, told: Mapping[str, str], **chosen: Any) -> Protocol:
    """Make a protocol with settings written as text, as the command line has them.

    Args:
        name: Of the protocol.
        told: `part`, `fit_on`, `sampled`, or a setting of the split, as text.
        chosen: Other fields of the protocol.

    Raises:
        NotFound: No protocol of that name.
        InvalidInput: No such setting, or its text is not of the setting's type.

    >>> protocol_from_text("new-users", {"test_persons": "1200", "sampled": "99"}).settings
    {'test_persons': 1200}
    """
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    function, known, _ = PROTOCOLS[name]
    hints = {**typing.get_type_hints(function), **typing.get_type_hints(Protocol)}
    for key in told:
        if key not in (*known, *_AS_TEXT):
            there = ", ".join((*known, *_AS_TEXT))
            raise InvalidInput(f"protocol '{name}': no setting called '{key}'; there are: {there}")
    read = {key: from_text(key, text, hints[key]) for key, text in told.items()}
    fields = {key: read.pop(key) for key in _AS_TEXT if key in read}
    whole = {
        key: int(value) if isinstance(value, float) and value.is_integer() else value for key, value in read.items()
    }
    return Protocol(name, settings=whole, **fields, **chosen)  # 600 and 600.0 have one hash
