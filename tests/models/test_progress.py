"""Progress: epochs and lists are told to who watches, and to nobody else."""

from __future__ import annotations

import pytest

from crossrec.core.interactions import Interactions
from crossrec.models import ranking
from crossrec.models.boards import checkerboard
from crossrec.models.classic.popularity import Popularity
from crossrec.models.progress import tracked, watching
from crossrec.models.recommender import create

Told = list[tuple[str, int, int]]


@pytest.mark.parametrize("name", ["als", "svd"])
def test_epochs_are_told(name: str) -> None:
    steps: Told = []
    with watching(lambda *step: steps.append(step)):
        create(name, epochs=3).fit(checkerboard(rated=True))
    assert steps == [("epochs", 1, 3), ("epochs", 2, 3), ("epochs", 3, 3)]


def test_lists_are_told_batch_by_batch(checkerboard: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    model, steps = Popularity().fit(checkerboard), []  # type: ignore[var-annotated]
    monkeypatch.setattr(ranking, "SCORE_BUDGET", 10 * 24)
    with watching(lambda *step: steps.append(step)):
        model.recommend(checkerboard.user_ids.series.to_list(), k=3)
    assert steps == [("lists", 10, 24), ("lists", 20, 24), ("lists", 24, 24)]


def test_outside_and_within_silence_nobody_is_told() -> None:
    steps: Told = []
    with watching(lambda *step: steps.append(step)):
        with watching(None):
            list(tracked("inner", range(3)))
        with pytest.raises(ZeroDivisionError), watching(lambda *step: 1 // 0):  # type: ignore[arg-type, return-value]
            list(tracked("inner", range(3)))
        assert list(tracked("outer", "ab")) == ["a", "b"]
    list(tracked("after", range(3)))
    assert steps == [("outer", 1, 2), ("outer", 2, 2)]
