"""Fallback: the first model with an opinion answers, and is named."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFitted
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.core.recommendations import Scores
from crossrec.models.abilities import Explains, Rates, SimilarItems, Updates
from crossrec.models.classic.ease import EASE
from crossrec.models.classic.popularity import Popularity
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import FromScores, Recommender
from crossrec.models.storage import load


@dataclass
class Fixed(FromScores):
    """The same scores for everybody, of which 0 is no opinion."""

    values: list[float]

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Fixed:
        return self.remember(train)

    def score(self, queries: Queries, candidates: object = None) -> Scores:
        batch = len(self.aligned(queries))
        return Scores.above(np.tile(np.array(self.values, np.float32), (batch, 1)), np.ones(batch, np.bool_))


@pytest.fixture
def chain(checkerboard: Interactions) -> Fallback:
    return Fallback((EASE(), Popularity()), ("ease", "popularity")).fit(checkerboard)


def test_each_row_comes_from_the_first_with_an_opinion(chain: Fallback) -> None:
    lists = chain.recommend(["nobody", "u001", "stranger"], k=4)
    assert lists.sources == ("popularity", "ease", "popularity") and lists.opinion.all()
    assert lists.rows == ("nobody", "u001", "stranger")
    alone = {"ease": chain.members[0].recommend(["u001"], k=4), "popularity": chain.members[1].recommend(["x"], k=4)}
    assert lists.ids()[::2] == [alone["popularity"].ids()[0]] * 2
    assert lists.ids()[1][:1] == alone["ease"].ids()[0] and lists.scores[1, 0] == alone["ease"].scores[0, 0]


def test_short_lists_are_filled_up_and_every_item_is_named(chain: Fallback) -> None:
    lists = chain.recommend(["u001", "nobody"], k=4)
    filler = [item for item in chain.members[1].recommend(["u001"], k=4).ids()[0] if item != "i001"]
    assert lists.ids()[0] == ["i001", *filler[:3]] and len(set(lists.ids()[0])) == 4
    assert lists.item_sources(0) == ["ease"] + ["popularity"] * 3 and lists.item_sources(1) == ["popularity"] * 4
    assert not set(lists.ids()[0]) & {f"i{code:03d}" for code in range(3, 24, 2)}, "what was seen fills nothing up"
    alone = chain.members[0].recommend(["u001"], k=4)
    assert alone.item_sources(0) == [] and alone.ids() == [["i001"]]


@given(st.lists(st.lists(st.integers(0, 8), unique=True, max_size=4), min_size=2, max_size=2), st.integers(1, 6))
def test_filling_up_keeps_the_first_and_adds_each_once(parts: list[list[int]], k: int) -> None:
    data = Interactions.from_frame(pl.DataFrame({"user_id": ["u"] * 9, "item_id": list(range(9))}))
    members = tuple(Fixed([9.0 - part.index(code) if code in part else 0.0 for code in range(9)]) for part in parts)
    lists = Fallback(members, ("a", "b")).fit(data).recommend(["u"], k, exclude_seen=False)
    expected = parts[0] + [code for code in parts[1] if code not in parts[0]]
    assert lists.ids() == [expected[:k]]
    assert lists.item_sources(0) == ["a" if code in parts[0] else "b" for code in expected[:k]]
    assert bool(lists.opinion[0]) is bool(expected) and lists.items.shape == (1, k)


def test_scores_are_taken_row_by_row(chain: Fallback) -> None:
    queries = chain.histories_.queries(["u001", "nobody"])
    scores, first, last = (model.score(queries) for model in (chain, *chain.members))
    np.testing.assert_array_equal(scores.values, np.stack([first.values[0], last.values[1]]))
    assert scores.opinion.all() and first.opinion.tolist() == [True, False]


def test_options_reach_every_member(chain: Fallback) -> None:
    lists = chain.recommend(["u000", "nobody"], k=9, candidates=["i003", "i002", "nothing"], exclude_seen=False)
    assert [set(items) for items in lists.ids()] == [{"i002", "i003"}] * 2
    stranger = Query(history=(Act("i002"), Act("i004")))
    assert chain.recommend(stranger, k=2).sources == ("ease",)


def test_where_nobody_has_an_opinion_the_list_is_empty(checkerboard: Interactions) -> None:
    lists = Fallback((EASE(), EASE(l2=1.0))).fit(checkerboard).recommend(["nobody"], k=3)
    assert lists.ids() == [[]] and not lists.opinion[0]


def test_it_is_a_recommender_that_needs_no_history(chain: Fallback) -> None:
    assert isinstance(chain, Recommender) and not chain.needs_history
    assert Fallback((EASE(),)).names == ("EASE",)


def test_forgetting_reaches_every_member(chain: Fallback) -> None:
    chain.histories_ = chain.histories_.forget("u001")
    assert all("u001" not in member.histories_.user_ids for member in chain.members)
    assert chain.recommend(["u001"]).sources == ("popularity",)


def test_it_is_saved_as_one_model(chain: Fallback, tmp_path: Path) -> None:
    chain.save(tmp_path / "chain")
    other = load(tmp_path / "chain")
    assert isinstance(other, Fallback) and other == chain and other.names == ("ease", "popularity")
    users = ["u002", "nobody"]
    assert other.recommend(users, k=5).ids() == chain.recommend(users, k=5).ids()


def test_odd_chains_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one model"):
        Fallback(())
    with pytest.raises(InvalidInput, match="1 models but 2 names"):
        Fallback((EASE(),), ("a", "b"))
    with pytest.raises(NotFitted):
        Fallback((EASE(),)).recommend(["u000"])
    with pytest.raises(InvalidInput, match="k: expected k >= 1, got 0"):
        Fallback((EASE(),)).recommend(["u000"], k=0)


def test_the_port_is_kept_by_the_mix_in_alone() -> None:
    assert issubclass(Fallback, FromScores) and "recommend" not in vars(Fallback)
    port, kept = (inspect.signature(kind.recommend).parameters.values() for kind in (Recommender, FromScores))
    assert [(one.name, one.kind, one.default) for one in port] == [(one.name, one.kind, one.default) for one in kept]


def test_it_loads_under_its_own_class(chain: Fallback, tmp_path: Path) -> None:
    chain.save(tmp_path / "model")
    assert Fallback.load(tmp_path / "model").names == ("ease", "popularity")


def test_a_chain_can_do_what_its_first_capable_member_can(chain: Fallback, tmp_path: Path) -> None:
    chain.save(tmp_path / "model")
    for one in (chain, load(tmp_path / "model"), copy.deepcopy(chain)):
        assert isinstance(one, SimilarItems) and isinstance(one, Explains) and not isinstance(one, Rates)
        assert one.similar(["i003"], k=3).ids() == chain.members[0].similar(["i003"], k=3).ids()  # type: ignore[attr-defined]
        lists = one.recommend(["u001"], k=1)
        assert one.explain(one.histories_.queries(["u001"]), lists.items)[0, 0] % 2 == 1
    assert copy.deepcopy(chain).similar.__self__ is not chain.members[0]  # type: ignore[attr-defined]
    plain = Fallback((Popularity(),))
    assert not any(isinstance(plain, ability) for ability in (SimilarItems, Explains, Rates))


def test_a_chain_learns_what_is_new_where_every_member_does() -> None:
    old = Interactions.from_frame(pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "y", "x"]}))
    new = Interactions.from_frame(pl.DataFrame({"user_id": ["c", "c"], "item_id": ["z", "x"]}))
    chain = Fallback((EASE(l2=1.0), Popularity())).fit(old)
    assert isinstance(chain, Updates) and chain.update(new) is chain
    assert all(member.catalogue_.ids.series.to_list() == ["x", "y", "z"] for member in chain.members)
    assert chain.members[1].counts_.tolist() == [3, 1, 1]  # type: ignore[attr-defined]
    assert chain.recommend(["c", "nobody"], k=3).ids() == [["y"], ["x", "y", "z"]]
    assert not isinstance(Fallback((Fixed([1.0]), Popularity())), Updates)
