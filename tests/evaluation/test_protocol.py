"""A protocol's hash changes with each of its settings and with nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.evaluation.protocol import Protocol, protocol_from_text

BASE = Protocol("random", k=10)
CHANGES: dict[str, Any] = {
    "name": "leave-last-out",
    "k": 20,
    "cutoffs": (5,),
    "seed": 1,
    "repeats": True,
    "part": "validation",
    "fit_on": "train+validation",
    "settings": {"test_share": 0.2},
    "sampled": 99,
}


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Protocol)])
def test_every_setting_changes_the_hash(field: str) -> None:
    assert dataclasses.replace(BASE, **{field: CHANGES[field]}).hash != BASE.hash


def test_the_hash_is_the_same_for_the_same_settings() -> None:
    assert Protocol("random", settings={"a": 1, "b": 2}).hash == Protocol("random", settings={"b": 2, "a": 1}).hash
    assert len(BASE.hash) == 16
    assert BASE.to_json()["hash"] == BASE.hash


def test_lengths_are_sorted_without_repeats() -> None:
    assert Protocol("random", k=10, cutoffs=(20, 5, 10)).lengths == (5, 10, 20)


def test_a_given_split_is_tested_on_models_of_all_of_train() -> None:
    assert Protocol("given").fit_on == "train+validation"
    assert Protocol("given", part="validation").fit_on == "train"
    assert Protocol("leave-last-out").fit_on == "train"


@pytest.mark.parametrize(
    "told",
    [
        {"k": 0},
        {"cutoffs": (0,)},
        {"seed": -1},
        {"part": "train"},
        {"sampled": -1},
        {"sampled": True},
        {"fit_on": "all"},
        {"part": "validation", "fit_on": "train+validation"},
    ],
)
def test_bad_settings_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        Protocol("random", **told)


def test_an_unknown_protocol_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'global-time'"):
        Protocol("globaltime")


def test_the_full_catalogue_keeps_its_hash() -> None:
    # That of a number published before candidates could be drawn.
    assert Protocol("leave-last-out").hash == "f7dc8ac3b7e502cc"
    assert "sampled" not in Protocol("leave-last-out").to_json()


def test_a_protocol_is_read_from_text() -> None:
    told = {"test_persons": "1200", "validation_persons": "0.1", "sampled": "99", "fit_on": "train+validation"}
    found = protocol_from_text("new-users", told, k=20)
    assert found == Protocol(
        "new-users",
        k=20,
        sampled=99,
        fit_on="train+validation",
        settings={"test_persons": 1200, "validation_persons": 0.1},
    )
    assert protocol_from_text("random", {}) == Protocol("random")
    with pytest.raises(InvalidInput, match="no setting called 'test_share'; there are: validation_persons"):
        protocol_from_text("new-users", {"test_share": "0.2"})
    with pytest.raises(InvalidInput, match="test_persons"):
        protocol_from_text("new-users", {"test_persons": "many"})
    with pytest.raises(NotFound, match="did you mean 'new-users'"):
        protocol_from_text("new-user", {})
