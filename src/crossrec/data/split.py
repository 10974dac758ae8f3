"""Cut interactions into train, validation and test, by one of five protocols."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from crossrec.core.arrays import Bytes
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, Refused, unknown_name
from crossrec.core.interactions import SPLITS, Interactions
from crossrec.data.splitting.order import carved, check_one_clock, half_up, places
from crossrec.data.splitting.persons import ANSWERS, HISTORY, TRAINING, deal_persons

__all__ = [
    "PROTOCOLS",
    "Setting",
    "Split",
    "joined",
    "split",
    "split_as_given",
    "split_at_random",
    "split_by_global_time",
    "split_by_person",
    "split_last_out",
]

Setting: TypeAlias = int | float | str
TRAIN, VALIDATION, TEST = range(len(SPLITS))


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts of the same data, which share its vocabularies.

    Args:
        train: What models learn from.
        validation: What settings are chosen on.
        test: What is looked at once.
        name: The protocol's name.
        settings: What the protocol was told.
        validation_history: What is known of the persons of validation, where they are none of train's.
        test_history: Likewise for test.
    """

    train: Interactions
    validation: Interactions
    test: Interactions
    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    validation_history: Interactions | None = None
    test_history: Interactions | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of the rows and ids of the three parts: equal only for the same split."""
        digest = hashlib.sha256(json.dumps([self.name, dict(self.settings)], sort_keys=True).encode())
        for part in (self.train, self.validation, self.test, self.validation_history, self.test_history):
            digest.update(b"" if part is None else part.fingerprint.encode())
        return digest.hexdigest()

    def before_test(self) -> Interactions:
        """Return train and all of validation as one: the most that may be learned before the test."""
        held = () if self.validation_history is None else (self.validation_history,)
        return joined((self.train, *held, self.validation))

    def past(self, part: str) -> tuple[Interactions, ...]:
        """Return the rows that histories are made of when the persons of "validation" or "test" are asked."""
        apart = self.test_history if part == "test" else self.validation_history
        if apart is not None:
            return (apart,)
        return (self.train, self.validation) if part == "test" else (self.train,)

    def exam(self) -> Interactions:
        """Return what `fit` is handed as validation.

        Where its persons are none of train's their histories are in it, marked "train" in `splits`, beside the
        answers, marked "valid".
        """
        if self.validation_history is None:
            return self.validation
        marks = [np.full(len(self.validation_history), TRAIN), np.full(len(self.validation), VALIDATION)]
        whole = joined((self.validation_history, self.validation))
        return replace(whole, splits=np.concatenate(marks).astype(np.int8))


def joined(parts: Sequence[Interactions]) -> Interactions:
    """Put parts of one data set, which share its vocabularies, under one another."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {
        column.name: np.concatenate([getattr(part, column.name) for part in parts])
        for column in fields(Interactions)
        if isinstance(getattr(parts[0], column.name), np.ndarray)
    }
    return replace(parts[0], **columns)


def split(data: Interactions, name: str, *, seed: int = 0, settings: Mapping[str, Setting] | None = None) -> Split:
    """Split by the name of a protocol.

    Args:
        data: All interactions.
        name: "leave-last-out", "global-time", "given", "random" or "new-users".
        seed: Fixes what is left to chance.
        settings: Arguments of that protocol's function by name.

    Raises:
        NotFound: No protocol of that name.
        InvalidInput: A setting that the protocol does not have.
        Refused: The data cannot bear the protocol.
    """
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    function, known, by_chance = PROTOCOLS[name]
    chosen = dict(settings or {})
    for key in chosen:
        if key not in known:
            raise InvalidInput(f"protocol '{name}': no setting called '{key}'; there are: {', '.join(known) or 'none'}")
    return function(data, **chosen, **({"seed": seed} if by_chance else {}))


def split_last_out(data: Interactions) -> Split:
    """Take each user's last interaction for test and the one before for validation.

    The order is time, then position, then row. A user with fewer than three interactions is all in train.
    The history of a test question contains the validation item.

    Raises:
        Refused: Rows have no order, or of some user's rows only a part has times.
    """
    if names := data.unordered_domains():
        raise Refused(
            f"protocol 'leave-last-out' needs an order and these domains have none: {', '.join(names)}. "
            "Take 'random' or 'given', or leave these domains out"
        )
    check_one_clock(data)
    order = np.lexsort((np.arange(len(data)), data.positions, data.times, data.users))
    from_behind, counts = places(data.users[order], from_behind=True)
    parts = np.full(len(data), TRAIN, dtype=np.int8)
    enough = counts >= 3
    parts[order[enough & (from_behind == 0)]] = TEST
    parts[order[enough & (from_behind == 1)]] = VALIDATION
    return _cut(data, parts, "leave-last-out", {})


def split_by_global_time(
    data: Interactions,
    *,
    validation_from: int | None = None,
    test_from: int | None = None,
    validation_quantile: float = 0.8,
    test_quantile: float = 0.9,
) -> Split:
    """Cut at two moments that are the same for all users: nothing in train is later than anything in test.

    Args:
        data: All interactions, each with a time.
        validation_from: First moment of validation, milliseconds UTC; None takes the quantile.
        test_from: First moment of test, likewise.
        validation_quantile: Share of rows before validation.
        test_quantile: Share of rows before test. Rows of the same moment stay on one side, the later one.

    Raises:
        Refused: Rows without a time; the message names their domains.
        InvalidInput: The cuts are not in order.
    """
    if not data.has_times:
        names = ", ".join(data.untimed_domains()) or "there are no rows"
        raise Refused(
            f"protocol 'global-time' needs a time in every row; none in: {names}. "
            "Take 'leave-last-out' (order), 'random' or 'given', or leave these domains out"
        )
    if not 0 < validation_quantile <= test_quantile < 1:
        raise InvalidInput(
            "global-time: expected 0 < validation_quantile <= test_quantile < 1, "
            f"got {validation_quantile} and {test_quantile}"
        )
    ordered = np.sort(data.times)
    first = int(ordered[int(validation_quantile * len(data))]) if validation_from is None else validation_from
    second = int(ordered[int(test_quantile * len(data))]) if test_from is None else test_from
    if first > second:
        raise InvalidInput(f"global-time: expected validation_from <= test_from, got {first} and {second}")
    parts = (data.times >= first).astype(np.int8) + (data.times >= second).astype(np.int8)
    return _cut(data, parts, "global-time", {"validation_from": first, "test_from": second})


def split_as_given(
    data: Interactions,
    *,
    validation: str = "random",
    validation_share: float = 0.1,
    persons: str = "known",
    seed: int = 0,
) -> Split:
    """Keep the split of the source; where it has no validation part, carve one from train, never from test.

    Args:
        data: Interactions with `splits`.
        validation: "random" takes a share of each user's training rows; "last" takes each user's last one.
        validation_share: Share to take, in [0, 1); a user's rows are never all taken.
        persons: "known" learns from all of train; "new" keeps whoever is asked about from training, and what train
            has of them is their history: strong generalisation, as `new-users` cuts it. One who is asked about in
            both parts is asked in test, with validation in the history. Nothing is carved then.
        seed: Fixes the choice.

    Raises:
        Refused: The source gave no split, no test part, or with new persons nothing to learn from.
        InvalidInput: `validation` or `persons` is neither, or the share is out of range.
    """
    if data.splits is None:
        raise Refused("protocol 'given' needs a split from the source and this data has none; take another protocol")
    if not (data.splits == TEST).any():
        raise Refused("protocol 'given' needs test rows from the source and there are none; take another protocol")
    if validation not in ("random", "last") or not 0 <= validation_share < 1:
        raise InvalidInput(
            "given: expected validation 'random' or 'last' and 0 <= validation_share < 1, "
            f"got '{validation}' and {validation_share}"
        )
    if persons not in ("known", "new"):
        raise InvalidInput(f"given: expected persons 'known' or 'new', got '{persons}'")
    if persons == "new":
        return _of_new_persons(data, data.splits)
    parts = data.splits.copy()
    settings: dict[str, Setting] = {}
    if not (parts == VALIDATION).any():
        rows = np.flatnonzero(parts == TRAIN)
        parts[carved(data, rows, validation, validation_share, seed)] = VALIDATION
        settings = {"validation": validation, "validation_share": validation_share, "seed": seed}
    return _cut(data, parts, "given", settings)


def split_at_random(
    data: Interactions,
    *,
    validation_share: float = 0.1,
    test_share: float = 0.1,
    within: str = "user",
    seed: int = 0,
) -> Split:
    """Deal rows out at random, ignoring their order: the future may be in train.

    Args:
        data: All interactions.
        validation_share: Share of rows for validation.
        test_share: Share of rows for test; the two add up to less than 1.
        within: "user" takes the shares of each user's rows, rounded half up, and leaves at least one in
            train; "all" takes them of all rows, rounded half up.
        seed: Fixes the deal.

    Raises:
        InvalidInput: Shares out of range, or `within` is neither.
    """
    if min(validation_share, test_share) < 0 or validation_share + test_share >= 1 or within not in ("user", "all"):
        raise InvalidInput(
            "random: expected shares >= 0 that add up to less than 1 and within 'user' or 'all', "
            f"got {validation_share}, {test_share} and '{within}'"
        )
    group = data.users if within == "user" else np.zeros(len(data), dtype=np.int32)
    order = np.lexsort((random(seed).permutation(len(data)), group))
    place, counts = places(group[order])
    tests = np.minimum(half_up(counts * test_share), counts - 1)
    validations = np.minimum(half_up(counts * validation_share), counts - 1 - tests)
    parts = np.full(len(data), TRAIN, dtype=np.int8)
    parts[order[place < tests]] = TEST
    parts[order[(place >= tests) & (place < tests + validations)]] = VALIDATION
    settings: dict[str, Setting] = {"validation_share": validation_share, "test_share": test_share}
    settings |= {"within": within, "seed": seed}
    return _cut(data, parts, "random", settings)


def split_by_person(
    data: Interactions,
    *,
    validation_persons: float = 0.1,
    test_persons: float = 0.1,
    held_share: float = 0.2,
    fewest: int = 5,
    seed: int = 0,
) -> Split:
    """Keep whole persons from training: each is asked about with a part of what they did, and judged on the rest.

    Args:
        data: All interactions.
        validation_persons: How many persons, or below 1 their share of those with `fewest` rows.
        test_persons: Likewise.
        held_share: Share of a held person's rows that are right answers, drawn at random, rounded down, at least one;
            the others are the history.
        fewest: A person with fewer rows is in train.
        seed: Fixes the deal of persons and of rows.

    Raises:
        InvalidInput: A number out of range.
        Refused: There are not that many persons.

    Source: Liang et al. 2018, section 4.1. Departs in that an answer that training never had stays, as a miss.
    """
    codes = deal_persons(
        data, validation=validation_persons, test=test_persons, held_share=held_share, fewest=fewest, seed=seed
    )
    parts = replace(data, splits=None)
    settings: dict[str, Setting] = {"validation_persons": validation_persons, "test_persons": test_persons}
    settings |= {"held_share": held_share, "fewest": fewest, "seed": seed}
    return Split(
        train=parts.take(codes == TRAINING),
        validation=parts.take(codes == ANSWERS["validation"]),
        test=parts.take(codes == ANSWERS["test"]),
        name="new-users",
        settings=settings,
        validation_history=parts.take(codes == HISTORY["validation"]),
        test_history=parts.take(codes == HISTORY["test"]),
    )


PROTOCOLS: dict[str, tuple[Callable[..., Split], tuple[str, ...], bool]] = {
    "leave-last-out": (split_last_out, (), False),
    "global-time": (
        split_by_global_time,
        ("validation_from", "test_from", "validation_quantile", "test_quantile"),
        False,
    ),
    "given": (split_as_given, ("validation", "validation_share", "persons"), True),
    "random": (split_at_random, ("validation_share", "test_share", "within"), True),
    "new-users": (split_by_person, ("validation_persons", "test_persons", "held_share", "fewest"), True),
}
"""Protocol -> its function, its settings, and whether chance (a seed) has a part in it."""


def _of_new_persons(data: Interactions, splits: Bytes) -> Split:
    """Keep all rows of whoever is asked about from train; see `split_as_given`."""
    size = len(data.user_ids)
    tested = np.bincount(data.users[splits == TEST], minlength=size)[data.users] > 0
    asked = (np.bincount(data.users[splits == VALIDATION], minlength=size)[data.users] > 0) & ~tested
    if (tested | asked).all():
        raise Refused("protocol 'given' with persons=new: every person is asked about, so none is left to learn from")
    rows = replace(data, splits=None)
    return Split(
        train=rows.take(~(tested | asked)),
        validation=rows.take(asked & (splits == VALIDATION)),
        test=rows.take(splits == TEST),
        name="given",
        settings={"persons": "new"},
        validation_history=rows.take(asked & (splits != VALIDATION)),
        test_history=rows.take(tested & (splits != TEST)),
    )


def _cut(data: Interactions, parts: Bytes, name: str, settings: Mapping[str, Setting]) -> Split:
    """Make the three parts of one code a row; a split of the source stays only where it is the one kept."""
    data = data if name == "given" else replace(data, splits=None)
    train, validation, test = (data.take(parts == part) for part in (TRAIN, VALIDATION, TEST))
    return Split(train, validation, test, name, settings)
