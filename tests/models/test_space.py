"""What is worth trying: ends and options are checked, and every model's defaults are among what it offers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from crossrec.core.errors import InvalidInput
from crossrec.models.recommender import MODELS
from crossrec.models.space import Choice, Range, refuse_outside


@pytest.mark.parametrize(
    ("low", "high", "how"),
    [
        (2, 1, {}),
        (1, 1, {}),
        (0, float("nan"), {}),
        (0, float("inf"), {}),
        (0, 1, {"log": True}),
        (0.5, 4, {"whole": True}),
    ],
)
def test_ends_that_make_no_range_are_refused(low: float, high: float, how: dict[str, bool]) -> None:
    with pytest.raises(InvalidInput, match=str(low)):
        Range(low, high, **how)


@pytest.mark.parametrize("options", [(), ("a",), ("a", "a"), (1, (2,))])
def test_options_that_leave_no_choice_are_refused(options: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput, match="choice"):
        Choice(options)


@pytest.mark.parametrize(
    ("value", "inside"), [(1, True), (10, True), (3, True), (3.5, False), (0, False), (11, False), ("3", False)]
)
def test_a_range_says_what_it_holds(value: Any, inside: bool) -> None:
    assert (value in Range(1, 10, whole=True)) is inside


@pytest.mark.parametrize("name", MODELS.paths())
def test_a_models_defaults_are_among_what_it_offers(name: str) -> None:
    kind: Any = MODELS.load(name)
    defaults = {setting.name: setting.default for setting in dataclasses.fields(kind)}
    assert kind.space, f"{name} says nothing about what is worth trying"
    for setting, values in kind.space.items():
        assert defaults[setting] in values, f"{name}.{setting}"


@dataclasses.dataclass
class Settings:
    width: float = 4
    dropout: float = 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(width=3), "Settings: expected width >= 4, got 3"),
        (Settings(width=float("nan")), "Settings: expected width >= 4, got nan"),
        (Settings(dropout=1), r"Settings: expected dropout in \[0, 1\), got 1"),
        (Settings(dropout=-0.1), r"Settings: expected dropout in \[0, 1\), got -0.1"),
    ],
)
def test_the_setting_that_is_outside_is_named(settings: Settings, message: str) -> None:
    refuse_outside(Settings(), least={"width": 4})
    with pytest.raises(InvalidInput, match=message):
        refuse_outside(settings, least={"width": 4})
