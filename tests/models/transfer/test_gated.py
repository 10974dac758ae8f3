"""The gate opens where tastes are one and stays shut where they are not, says so, and is kept with its parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from taste_worlds import taste_of, taste_world

import crossrec
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.core.recommendations import Scores, top_k
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.removing import remove_person
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.recommender import Recommender
from crossrec.models.transfer.gated import Gated


def gates(model: Gated, history: str) -> dict[str, bool]:
    return {choice.domain: choice.is_open for choice in model.choices if choice.history == history}


def films_of(taste: int, count: int = 5) -> tuple[Act, ...]:
    return tuple(Act(f"films:{taste * 10 + number}") for number in range(count))


@pytest.fixture(scope="module")
def helped() -> Gated:
    return Gated().fit(taste_world(shared=True))


@pytest.mark.parametrize("timed", [False, True])
def test_one_taste_opens_the_gate_for_the_new(timed: bool) -> None:
    model = Gated().fit(taste_world(shared=True, timed=timed))
    assert gates(model, "0") == {"films": True, "books": True}
    for taste in range(4):
        lists = model.recommend(Query(history=films_of(taste), domain="books"), k=5)
        assert [taste_of(item) for item in lists.ids()[0]] == [taste] * 5


@pytest.mark.parametrize("timed", [False, True])
def test_two_tastes_leave_it_shut(timed: bool) -> None:
    model = Gated().fit(taste_world(shared=False, timed=timed))
    assert gates(model, "0") == {"films": False, "books": False}
    assert all("cannot be told" in one.reason or "harms" in one.reason for one in model.choices if one.history == "0")
    lists = model.recommend(Query(history=films_of(2), domain="books"), k=3)
    assert lists.ids() == model.recommend(Query(domain="books"), k=3).ids(), "a shut gate answers as for a stranger"


def test_a_choice_says_what_and_why(helped: Gated) -> None:
    first = next(one for one in helped.choices if one.domain == "books" and one.history == "0")
    assert first.low is not None and first.low > 0 and first.persons >= 20
    assert str(first).startswith("books, 0 items had: ") and "transfer helps" in str(first)


def test_other_domains_say_nothing_of_who_did_nothing_there(helped: Gated) -> None:
    """Nothing was asked that could tell whether transfer helps them, and there is nothing to carry over."""
    assert gates(helped, "1-2")["books"]
    books = (Act("books:11"),)
    asked = [Query(history=books, domain="books"), Query(history=(*films_of(1), *books), domain="books")]
    batch = crossrec.Queries.from_queries(asked, helped.catalogue_)
    assert helped.is_open(batch).tolist() == [False, True]


def test_what_was_held_out_is_learned_in_the_end(helped: Gated) -> None:
    world = taste_world(shared=True)
    for code, name in enumerate(world.catalogue.domain_names):
        alone = crossrec.create("ease").fit(world.domain(name))
        served = helped.parts_[f"control.{code}"]
        np.testing.assert_allclose(served.weights_, alone.weights_, atol=1e-5)  # type: ignore[attr-defined]
    counts = np.bincount(world.items, minlength=len(world.catalogue))
    floor = helped.parts_["floor"].score(crossrec.Queries.from_queries([Query()], helped.catalogue_)).values[0]
    assert (np.argsort(-floor, kind="stable") == np.argsort(-counts, kind="stable")).all()


def test_parts_and_choices_are_kept_and_no_person_in_a_part(helped: Gated, tmp_path: Path) -> None:
    helped.save(tmp_path / "m")
    loaded = crossrec.load(tmp_path / "m")
    assert isinstance(loaded, Gated) and loaded.choices == helped.choices
    for domain in ("films", "books", None):
        before, after = (model.recommend(["u001", "u002", "new"], k=5, domain=domain) for model in (helped, loaded))
        assert before.ids() == after.ids()
        np.testing.assert_array_equal(before.scores, after.scores)
    assert {"floor", "transfer", "control.0", "control.1"} == set(loaded.parts_)
    assert all(len(part.histories_) == 0 for part in loaded.parts_.values())


def test_a_page_of_all_domains_follows_the_own_mix() -> None:
    board = taste_world(shared=True, users=100)
    history = (*films_of(1, 8), Act("books:10"), Act("books:11"))
    page = Gated(mix=0.0).fit(board).recommend(Query(history=history), k=10).ids()[0]
    domains = [str(item).split(":")[0] for item in page]
    assert domains.count("films") == 8 and domains.count("books") == 2
    assert "books" in domains[:4], "each beginning of the page has its share"
    stranger = Gated(mix=3.0).fit(board).recommend(["nobody"], k=10).ids()[0]
    assert {str(item).split(":")[0] for item in stranger} == {"films", "books"}


class Asked:
    """Counts what is asked of a part."""

    def __init__(self, part: Recommender, patch: pytest.MonkeyPatch) -> None:
        self.times, self._score = 0, part.score
        patch.setattr(part, "score", self.score)

    def score(self, queries: crossrec.Queries) -> Scores:
        self.times += 1
        return self._score(queries)


def test_a_page_asks_each_part_once_and_none_that_knows_nothing(helped: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {name: Asked(part, monkeypatch) for name, part in helped.parts_.items()}
    films = helped.catalogue_.domain_ids.code("films")
    page = helped.recommend(Query(history=films_of(1, 2)), k=10)
    assert page.opinion.all()
    assert {name: one.times for name, one in asked.items() if name != "floor"} == {
        "transfer": 1,
        f"control.{films}": 1,
        f"control.{1 - films}": 0,
    }


@pytest.mark.parametrize("domain", ["films", "books"])
@pytest.mark.parametrize("candidates", [None, ["films:3", "books:5", "films:31", "films:8", "nowhere"]])
def test_a_list_of_a_domain_is_that_of_its_scores(helped: Gated, domain: str, candidates: list[str] | None) -> None:
    asked = helped.histories_.acts[:40].to(domain)
    lists = helped.recommend(asked, k=60, candidates=candidates)
    inside = helped.catalogue_.in_domain(domain)
    if candidates is not None:
        inside = inside & np.isin(helped.catalogue_.ids.series.to_numpy(), candidates)
    items, scores = top_k(helped.score(asked).values, 60, seen=asked.seen(), allowed=inside)
    width = lists.items.shape[1]
    np.testing.assert_array_equal(lists.items, items[:, :width])
    np.testing.assert_array_equal(lists.scores, scores[:, :width])
    assert (items[:, width:] < 0).all()


def test_a_page_of_candidates_leaves_the_others_out(helped: Gated) -> None:
    candidates = ["films:3", "books:5", "films:31", "books:17", "nowhere"]
    open_to_all = helped.recommend(["u001", "nobody"], k=80, exclude_seen=False)
    page = helped.recommend(["u001", "nobody"], k=80, exclude_seen=False, candidates=candidates)
    assert [sorted(map(str, one)) for one in page.ids()] == [sorted(candidates[:4])] * 2
    for one, other in zip(page.ids(), open_to_all.ids(), strict=True):
        for domain in ("films", "books"):
            mine = [item for item in one if str(item).startswith(domain)]
            assert mine == [item for item in other if item in mine]


def test_pages_of_many_are_those_of_each(helped: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    many = helped.recommend(helped.histories_.acts[:9], k=10)
    monkeypatch.setattr("crossrec.models.transfer.gated.SCORE_BUDGET", 4 * len(helped.catalogue_))
    some = helped.recommend(helped.histories_.acts[:9], k=10)
    np.testing.assert_array_equal(many.items, some.items)
    np.testing.assert_array_equal(many.scores, some.scores)
    assert len(some.rows) == len(some.opinion) == 9


@pytest.mark.parametrize("domain", [None, "books"])
def test_nobody_gets_nothing(helped: Gated, domain: str | None) -> None:
    nobody = helped.histories_.acts[:0].to(domain)
    assert helped.recommend(nobody, k=3).items.shape == (0, 3)
    assert helped.score(nobody).values.shape == (0, len(helped.catalogue_))


def test_a_large_smoothing_is_the_mix_of_the_training_data() -> None:
    board = taste_world(shared=True, users=100)
    share = float(np.mean(board.domains == board.catalogue.domain_ids.code("films")))
    page = Gated(mix=1e6).fit(board).recommend(Query(history=films_of(0, 8)), k=20).ids()[0]
    films = sum(str(item).startswith("films:") for item in page)
    assert abs(films - 20 * share) <= 1


def test_a_reason_may_come_from_the_other_domain(helped: Gated) -> None:
    queries = Query(history=films_of(3), domain="books")
    lists = helped.recommend(queries, k=3)
    batch = crossrec.Queries.from_queries([queries], helped.catalogue_)
    reasons = helped.catalogue_.ids.decode(helped.explain(batch, lists.items)[0])
    assert all(str(item).startswith("films:") and taste_of(item) == 3 for item in reasons)


def test_one_domain_is_its_own_control() -> None:
    board = checkerboard()
    model = Gated().fit(board)
    assert not any(choice.is_open for choice in model.choices) and "one domain" in model.choices[0].reason
    assert "transfer" not in model.parts_
    control = crossrec.create("ease").fit(board)
    assert model.recommend(["u003", "u004"], k=1).ids() == control.recommend(["u003", "u004"], k=1).ids()


def test_without_persons_in_both_it_says_what_is_missing_and_serves_each_alone() -> None:
    model = Gated().fit(two_domain_board(shared=False))
    assert all("no person is in two domains" in choice.reason for choice in model.choices)
    lists = model.recommend(["u000"], k=3, domain="films")
    assert all(str(item).startswith("films:") for item in lists.ids()[0]) and len(lists.ids()[0]) == 3


def test_a_domain_of_ten_acts_is_served() -> None:
    world = taste_world(shared=True, users=100)
    books = np.flatnonzero(world.domains == world.catalogue.domain_ids.code("books"))
    few = world.take(np.setdiff1d(np.arange(len(world)), books[10:]))
    model = Gated().fit(few)
    assert len(model.recommend(Query(history=films_of(0), domain="books"), k=5).ids()[0]) == 5
    assert not any(one.is_open and one.low is not None and one.low <= 0 for one in model.choices)


def test_one_native_id_in_two_domains_is_two_items() -> None:
    model = Gated().fit(two_domain_board())
    page = model.recommend(Query(history=(Act("films:2"),)), k=20, exclude_seen=False).ids()[0]
    assert "films:0" in page and "books:0" in page


def test_a_target_that_training_did_not_have_is_not_found(helped: Gated) -> None:
    with pytest.raises(NotFound, match="did you mean 'films'"):
        helped.recommend(["u001"], domain="film")


def test_the_words_of_a_part_are_checked() -> None:
    board = two_domain_board()
    with pytest.raises(InvalidInput, match="no gate itself"):
        Gated(control="gated").fit(board)
    with pytest.raises(InvalidInput, match="setting=value"):
        Gated(transfer="als 32").fit(board)
    with pytest.raises(InvalidInput, match="no setting called 'factor'"):
        Gated(transfer="als factor=32").fit(board)
    with pytest.raises(InvalidInput, match="needs no history"):
        Gated(floor="ease").fit(board)
    with pytest.raises(InvalidInput, match="mix >= 0"):
        Gated(mix=-1.0).fit(board)


def test_other_parts_by_name_and_settings() -> None:
    model = Gated(control="als factors=8", transfer="cmf factors=8 balance=1.0").fit(
        taste_world(shared=True, users=200)
    )
    assert getattr(model.parts_["control.0"], "factors", None) == 8
    assert model.recommend(Query(history=films_of(1), domain="books"), k=3).opinion[0]


def test_what_is_asked_of_test_users_decides_nothing(helped: Gated) -> None:
    """The same training data give the same gate, whatever is held out beside it."""
    world = taste_world(shared=True)
    other: Interactions = world.take(np.arange(len(world)) % 7 == 0)
    again = Gated().fit(world, validation=other)
    assert again.choices == helped.choices
    assert dataclasses.asdict(again) == dataclasses.asdict(helped)


def test_a_link_taken_back_no_longer_moves_the_answer(tmp_path: Path) -> None:
    """Consent withdrawn: the accounts are two strangers, and films say nothing about books any more."""
    world = taste_world(shared=True).to_polars().with_columns(native=pl.col("item_id").str.split(":").list.last())
    for (domain,), rows in world.group_by("domain"):
        path = tmp_path / f"{domain}.csv"
        rows.select("user_id", pl.col("native").alias("item_id")).write_csv(path)
        import_source("tables", path, str(domain), tmp_path / "data")
    accounts = world.select("domain", "user_id", person_id=pl.lit("p-") + pl.col("user_id")).unique()
    add_links(tmp_path / "data", accounts)
    before = Gated().fit(open_dataset(tmp_path / "data").interactions())
    everyone = [f"p-u{number:03d}" for number in range(600)]
    opened = before.is_open(before.histories_.queries(everyone, "books"))
    person = everyone[int(np.argmax(opened))]
    mine = before.recommend([person], k=5, domain="books")
    assert opened.any() and remove_person(tmp_path / "data", person) == 2
    after = Gated().fit(open_dataset(tmp_path / "data").interactions())
    assert person not in after.histories_.user_ids
    own = person.replace("p-", "books:")
    history = after.histories_.queries([own])
    domains = {after.catalogue_.domain_names[code] for code in after.catalogue_.domains[history.items]}
    assert domains == {"books"}
    bare = Query(history=tuple(Act(item) for item in after.catalogue_.ids.decode(history.items)), domain="books")
    alone = after.recommend([own], k=5, domain="books")
    assert alone.ids() == after.recommend(bare, k=5).ids()
    assert not np.array_equal(alone.scores, mine.scores)
