"""What every model must do: one check a promise, public, so that outside models can prove themselves.

Run a check with a model class and an empty folder: `check_learns_taste(EASE, tmp_path)`.
A model that cannot keep a promise names it in `exempt` with the reason, and must then fail the check.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numba
import numpy as np

from crossrec.core.errors import CrossrecError, InvalidInput, NotFitted, NotFound
from crossrec.core.event import KIND_CODES, NOT_TASTE
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models.abilities import Explains, SimilarItems, Updates
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.recommender import Recommender
from crossrec.models.storage import load

__all__ = ["CHECKS", "Check", "exemption"]

Kind: TypeAlias = Callable[..., Recommender]
Check: TypeAlias = Callable[[Any, Path], None]


def _new(kind: Kind) -> Recommender:
    """Make a model for data as small as these."""
    return kind(**getattr(kind, "small", {}))


def _board(kind: Kind, **options: bool) -> Interactions:
    return checkerboard(rated=hasattr(kind, "predict"), **options)


def _fitted(kind: Kind, **options: bool) -> Recommender:
    return _new(kind).fit(_board(kind, **options))


def _likes(item: str, rated: bool = True) -> Act:
    return Act(item, kind="rate", value=5.0) if rated else Act(item)


def _raises(error: type[CrossrecError], call: Callable[[], object]) -> None:
    try:
        call()
    except error:
        return
    raise AssertionError(f"expected {error.__name__}, and nothing was raised")


def check_settings_round_trip(kind: Any, folder: Path) -> None:
    """It can be made without arguments, and its settings are plain values that JSON keeps."""
    settings = dataclasses.asdict(kind())
    assert kind(**json.loads(json.dumps(settings))) == kind(), settings


def check_fit_returns_self(kind: Kind, folder: Path) -> None:
    """`fit` returns the model, also with a validation part."""
    model = _new(kind)
    board = _board(kind)
    assert model.fit(board, validation=board) is model


def check_fit_leaves_input_alone(kind: Kind, folder: Path) -> None:
    """`fit` changes neither its data nor the model's settings."""
    board, model = _board(kind), _new(kind)
    before, settings = _board(kind).fingerprint, repr(model)
    model.fit(board)
    assert _rehash(board) == before
    assert repr(model) == settings


def _rehash(data: Interactions) -> str:
    return data.take(np.arange(len(data))).fingerprint


def check_refuses_before_fit(kind: Kind, folder: Path) -> None:
    """Asking or saving before `fit` is `NotFitted`."""
    _raises(NotFitted, lambda: kind().recommend(["u000"]))
    _raises(NotFitted, lambda: kind().save(folder / "unfitted"))


def check_score_shape_and_dtype(kind: Kind, folder: Path) -> None:
    """Scores are finite float32 [B, I] with an opinion for each query."""
    model = _fitted(kind)
    scores = model.score(model.histories_.queries(["u000", "u001", "nobody"]))
    assert scores.values.shape == (3, len(model.catalogue_)) and scores.values.dtype == np.float32
    assert np.isfinite(scores.values).all()
    assert scores.opinion.shape == (3,) and scores.opinion.dtype == np.bool_


def check_lists_are_clean(kind: Kind, folder: Path) -> None:
    """At most k items, none twice, none seen, best first, for any k; k < 1 is refused."""
    model, board = _fitted(kind), _board(kind)
    seen = board.csr().toarray() > 0
    for k in (1, 5, 100):
        lists = model.recommend(board.user_ids.series.to_list(), k)
        for user, items in enumerate(lists.items):
            kept = items[items >= 0]
            assert len(kept) <= k and len(set(kept)) == len(kept) and not seen[user, kept].any()
            assert (np.diff(lists.scores[user, : len(kept)]) <= 0).all()
    _raises(InvalidInput, lambda: model.recommend(["u000"], k=0))


def check_seen_items_on_request(kind: Kind, folder: Path) -> None:
    """With `exclude_seen=False` items of the history may come back."""
    model, board = _fitted(kind), _board(kind)
    wide = model.recommend(["u000"], k=100, exclude_seen=False)
    assert set(board.items[board.users == 0].tolist()) <= set(wide.items[0].tolist())


def check_batch_size_changes_nothing(kind: Kind, folder: Path) -> None:
    """One query at a time gives the lists of all at once."""
    model = _fitted(kind)
    users = model.histories_.user_ids.series.to_list()
    together = model.recommend(users, k=5)
    for row, user in enumerate(users):
        alone = model.recommend([user], k=5)
        assert alone.ids()[0] == together.ids()[row]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4, atol=1e-5)


def check_candidates_restrict(kind: Kind, folder: Path) -> None:
    """Lists hold candidates only; unknown ones are passed over."""
    model = _fitted(kind)
    lists = model.recommend(["u000"], k=10, candidates=["i000", "i002", "no such item"], exclude_seen=False)
    assert set(lists.ids()[0]) == {"i000", "i002"}


def check_candidate_scores_are_columns(kind: Kind, folder: Path) -> None:
    """Scores of candidates are the same columns of all scores, in the candidates' order."""
    model = _fitted(kind)
    queries = model.histories_.queries(["u000", "u005"])
    full, some = model.score(queries), model.score(queries, ["i007", "i002"])
    np.testing.assert_allclose(some.values, full.values[:, [7, 2]], rtol=1e-4, atol=1e-5)
    _raises(NotFound, lambda: model.score(queries, ["no such item"]))


def check_unknown_ids_are_no_error(kind: Kind, folder: Path) -> None:
    """An item the model does not know is passed over in a history."""
    model = _fitted(kind)
    known = model.recommend(Query(history=(_likes("i002"),)), k=3)
    mixed = model.recommend(Query(history=(_likes("i002"), _likes("no such item"))), k=3)
    assert known.ids() == mixed.ids()


def check_stranger_without_history(kind: Any, folder: Path) -> None:
    """Without any history a model has no opinion and an empty list, unless it needs no history."""
    model = _fitted(kind)
    lists = model.recommend(["nobody"], k=3)
    assert bool(lists.opinion[0]) is not kind.needs_history
    assert len(lists.ids()[0]) == (0 if kind.needs_history else 3)


def check_stranger_with_history(kind: Kind, folder: Path) -> None:
    """Someone never seen in training, with a history, is served."""
    model = _fitted(kind)
    lists = model.recommend(Query(user="nobody", history=(_likes("i002"), _likes("i004"))), k=3)
    assert lists.opinion[0] and len(lists.ids()[0]) == 3


def check_same_seed_same_answer(kind: Kind, folder: Path) -> None:
    """Two fits give the same scores to the bit, on one thread or all."""
    users = ["u000", "u001", "u002"]
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = _fitted(kind).recommend(users, k=10)
    finally:
        numba.set_num_threads(before)
    other = _fitted(kind).recommend(users, k=10)
    np.testing.assert_array_equal(one.items, other.items)
    np.testing.assert_array_equal(one.scores, other.scores)


def check_survives_a_fresh_process(kind: Kind, folder: Path) -> None:
    """Saved and loaded in a new process it gives the same lists; no file is a pickle."""
    model = _fitted(kind)
    model.save(folder / "model")
    code = (
        "import sys, json, crossrec; "
        "print(json.dumps(crossrec.load(sys.argv[1]).recommend(['u000', 'u001'], k=5).items.tolist()))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own folder
        [sys.executable, "-c", code, str(folder / "model")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == model.recommend(["u000", "u001"], k=5).items.tolist()
    for path in (folder / "model").rglob("*.*"):
        assert path.suffix in (".json", ".npy", ".parquet"), path


def check_loads_under_its_own_class(kind: Any, folder: Path) -> None:
    """`load` brings back the class and the settings."""
    model = _fitted(kind)
    model.save(folder / "model")
    assert load(folder / "model") == model and kind.load(folder / "model") == model


def check_ids_in_are_ids_out(kind: Kind, folder: Path) -> None:
    """Integer ids come back as integers."""
    lists = _fitted(kind, integers=True).recommend([1000, 1001], k=3).ids()
    assert all(isinstance(item, int) and 1000 <= item < 1024 for items in lists for item in items)


def check_learns_taste(kind: Kind, folder: Path) -> None:
    """On the checkerboard the first item of every user is the one that was withheld."""
    model = _fitted(kind)
    users = model.histories_.user_ids.series.to_list()
    first = [items[0] for items in model.recommend(users, k=1).ids()]
    assert first == [user.replace("u", "i") for user in map(str, users)]


def check_stays_in_the_domain(kind: Kind, folder: Path) -> None:
    """With a target domain every item is of it; an unknown domain is `NotFound`."""
    model = _new(kind).fit(two_domain_board(rated=hasattr(kind, "predict")))
    for domain in ("films", "books"):
        lists = model.recommend(["u000", "u001"], k=4, domain=domain).ids()
        assert all(str(item).startswith(domain + ":") for items in lists for item in items) and all(lists)
    _raises(NotFound, lambda: model.recommend(["u000"], domain="boks"))


def check_carries_taste_across_domains(kind: Kind, folder: Path) -> None:
    """A history in films alone finds the right books."""
    model = _new(kind).fit(two_domain_board(rated=hasattr(kind, "predict")))
    for parity in (0, 1):
        history = tuple(_likes(f"films:{number}") for number in range(parity, 8, 2))
        books = model.recommend(Query(history=history, domain="books"), k=4).ids()[0]
        assert [int(str(book).removeprefix("books:")) % 2 for book in books] == [parity] * 4


def check_unrelated_history_gets_no_opinion(kind: Any, folder: Path) -> None:
    """Who had films alone gets no invented list of books where no one had both; a model without need has a list."""
    model = _new(kind).fit(two_domain_board(rated=hasattr(kind, "predict"), shared=False))
    queries = Query(user="nobody", history=tuple(_likes(f"films:{number}") for number in (0, 2, 4)))
    books = model.recommend(queries, k=4, domain="books")
    assert bool(books.opinion[0]) is not kind.needs_history and bool(books.ids()[0]) is not kind.needs_history
    films = model.recommend(queries, k=4, domain="films")
    assert films.opinion[0] and films.ids()[0]


def check_similar_leaves_itself_out_and_is_ordered(kind: Any, folder: Path) -> None:
    """Where it knows items alike: best first, none twice, never the item itself, and at most k."""
    model = _fitted(kind)
    if not isinstance(model, SimilarItems):
        return
    for k in (1, 5, 100):
        lists = model.similar(["i002", "i005"], k)
        for own, items, scores in zip((2, 5), lists.items, lists.scores, strict=True):
            kept = items[items >= 0]
            assert 0 < len(kept) <= k and own not in kept and len(set(kept.tolist())) == len(kept)
            assert (np.diff(scores[: len(kept)]) <= 0).all()
    _raises(NotFound, lambda: model.similar(["no such item"]))


def check_reason_is_in_the_history(kind: Any, folder: Path) -> None:
    """Where it explains: a reason is an item of the history, and the withheld item has one."""
    model = _fitted(kind)
    if not isinstance(model, Explains):
        return
    queries = model.histories_.queries(["u000", "u001", "nobody"])
    reasons = model.explain(queries, np.array([[0, -1], [1, 3], [0, 1]], dtype=np.int32))
    seen = [set(queries[row : row + 1].items.tolist()) for row in range(3)]
    assert all(set(line.tolist()) <= mine | {-1} for line, mine in zip(reasons, seen, strict=True))
    assert reasons[0, 0] >= 0 and reasons[1, 0] >= 0 and reasons[0, 1] == -1


def check_allowed_restricts(kind: Kind, folder: Path) -> None:
    """Lists hold allowed items only, and are those of the same candidates."""
    model = _fitted(kind)
    allowed = np.arange(len(model.catalogue_)) % 3 == 0
    named = model.catalogue_.ids.decode(np.flatnonzero(allowed))
    users = ["u000", "u003", "nobody"]
    lists = model.recommend(users, k=5, allowed=allowed, exclude_seen=False)
    assert allowed[lists.items[lists.items >= 0]].all() and (lists.items >= 0).any()
    assert lists.ids() == model.recommend(users, k=5, candidates=named, exclude_seen=False).ids()


def check_score_leaves_queries_alone(kind: Kind, folder: Path) -> None:
    """`score` changes nothing of what it is asked, and says the same when asked again."""
    model = _fitted(kind)
    queries = model.histories_.queries(["u000", "u001"])
    before = {name: getattr(queries, name).copy() for name in _OF_QUERIES}
    first = model.score(queries).values.copy()
    np.testing.assert_array_equal(first, model.score(queries).values)
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(queries, name), column)


def check_refit_forgets(kind: Kind, folder: Path) -> None:
    """Fitted on other data it is as if it had never seen the first."""
    model = _new(kind).fit(two_domain_board(rated=hasattr(kind, "predict")))
    again, fresh = model.fit(_board(kind)).recommend(["u001"], k=5), _fitted(kind).recommend(["u001"], k=5)
    assert again.ids() == fresh.ids()
    np.testing.assert_array_equal(again.scores, fresh.scores)


def check_validation_is_not_learned(kind: Kind, folder: Path) -> None:
    """A model without stopping rule is the same with a validation part as without, and keeps no history of it."""
    board = _board(kind)
    model = _new(kind).fit(board.take(board.users % 4 != 3), validation=board.take(board.users % 4 == 3))
    alone = _new(kind).fit(board.take(board.users % 4 != 3))
    assert len(model.histories_.queries(["u003"]).items) == 0
    np.testing.assert_array_equal(model.recommend(["u001"]).scores, alone.recommend(["u001"]).scores)


def check_only_taste_counts(kind: Any, folder: Path) -> None:
    """What was returned or only shown is neither learned nor a reason to recommend."""
    board = _board(kind)
    odd = dataclasses.replace(
        board.take(np.arange(12)), kinds=np.full(12, KIND_CODES["return"], np.int8), items=np.arange(12, dtype=np.int32)
    )
    columns: dict[str, Any] = {name: np.concatenate([getattr(board, name), getattr(odd, name)]) for name in _COLUMNS}
    model = _new(kind).fit(dataclasses.replace(board, **columns))
    np.testing.assert_array_equal(model.recommend(["u001"]).scores, _fitted(kind).recommend(["u001"]).scores)
    queries = Query(history=tuple(Act("i002", kind=name, value=5.0) for name in NOT_TASTE))
    assert bool(model.recommend(queries).opinion[0]) is not kind.needs_history


def check_update_approaches_a_new_fit(kind: Any, folder: Path) -> None:
    """Where it learns what is new: it scores like a model fitted on everything, also who and what was new."""
    model: Any = _new(kind)
    board, can = _board(kind), isinstance(model, Updates)
    if not can:
        return
    late = (board.users % 4 == 3) | (board.items % 6 == 5)
    first, rest = (_renumbered(board.take(part)) for part in (~late, late))
    _raises(NotFitted, lambda: model.update(rest))
    whole, items = _fitted(kind), board.item_ids.series.to_list()
    users = board.user_ids.series.to_list()
    assert model.fit(first).update(rest) is model
    found, wanted = (one.score(one.histories_.queries(users), items).values for one in (model, whole))
    assert np.mean((found - wanted) ** 2) <= 0.05**2 * np.mean(wanted**2)
    model.save(folder / "updated")
    np.testing.assert_array_equal(load(folder / "updated").recommend(users).items, model.recommend(users).items)


def _renumbered(data: Interactions) -> Interactions:
    """Return the same rows with the users and items that they have, and no others."""
    return Interactions.from_frame(data.to_polars())


_OF_QUERIES = ("indptr", "items", "times", "kinds", "values", "weights")
_COLUMNS = ("users", "items", "domains", "times", "weights", "kinds", "ratings", "positions")
CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")
}
"""Name of the promise -> its check."""


def exemption(kind: Any, name: str) -> str | None:
    """Return why a model cannot keep a promise, or None where it must."""
    reason: str | None = getattr(kind, "exempt", {}).get(name)
    return reason
