"""Does text, or a common id, carry taste where nobody is in both domains? Tweeted films to MovieLens; books to films.

    python benchmarks/quality/content.py films
    python benchmarks/quality/content.py readings
    python benchmarks/quality/content.py books

Films: persons who tweeted five films or more are held out whole, 20 % of them to choose settings and 40 % to test;
nothing of theirs is trained on. Asked for is which MovieLens films are the later fifth of what each tweeted, joined
on IMDb's numbers, given the earlier; films that they had tweeted before are withheld from every list. Writes
results/quality_content_films.json. Readings: the same, of validation persons alone and at the settings chosen for
words: words, words without the year of a title, and the encoder of the extra `text`. Books: lists to look at, without
any claim, in results/quality_content_books.json.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent))
from domains import books_and_films, tweeted_films
from reading import compared, grid, provenance, write

from crossrec.core.arrays import Codes, Doubles, Offsets
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.core.recommendations import top_k
from crossrec.data.splitting.order import places
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender, create, model_of
from crossrec.models.transfer._twins import twins_of

K, FEWEST, EARLIER, TARGET = 10, 5, 0.8, "movielens"
GRID = [
    "factors={factors} l2={l2} alpha={alpha}".format(**one)
    for one in grid(factors=(16, 32, 64), l2=(1, 10), alpha=(3, 10))
]
ARMS = {
    "text": [f"text_bridge {words}" for words in GRID],
    "id and text": [f"text_bridge link=imdb_id {words}" for words in GRID],
}
MERGED = {
    "popularity of both, merged": ["popularity"],
    "item_knn, merged": ["item_knn", "item_knn popularity=0.3", "item_knn activity=0.5", "item_knn shrink=10"],
    "als, merged": [f"als {words}" for words in GRID],
}


class Asked(NamedTuple):
    """Questions: a history, MovieLens films that are right, and those that are withheld.

    Args:
        users: Int32[B] whose.
        histories: B histories of tweets.
        indptr: Int64[B + 1] row pointers into `answers`.
        answers: Int32[M] codes.
        withheld: Row pointers and codes of what may not be listed.
    """

    users: Codes
    histories: Queries
    indptr: Offsets
    answers: Codes
    withheld: tuple[Offsets, Codes]


class World(NamedTuple):
    """What is trained on, and both parts of questions.

    Args:
        train: Both domains without the persons held out.
        twins: Int32[I], the MovieLens code of each item, or -1.
        valid: Questions to choose settings by.
        test: Questions asked once.
    """

    train: Interactions
    twins: Codes
    valid: Asked
    test: Asked


def world_of(data: Interactions, seed: int = 0) -> World:
    """Hold persons out and ask."""
    catalogue, size = data.catalogue, len(data.user_ids)
    target = catalogue.domain_ids.code(TARGET)
    twins = twins_of(catalogue, "imdb_id")[target]
    counts = np.bincount(data.users[catalogue.domains[data.items] != target], minlength=size)
    held = np.random.default_rng(seed).permutation(np.flatnonzero(counts >= FEWEST))
    parts = np.zeros(size, dtype=np.int8)
    parts[held[: len(held) * 2 // 5]], parts[held[len(held) * 2 // 5 : len(held) * 3 // 5]] = 2, 1
    train, rest = data.take(parts[data.users] == 0), data.take(parts[data.users] > 0).ordered()
    place, _ = places(rest.users)
    earlier = place < np.floor(EARLIER * counts[rest.users])
    trained = np.bincount(train.items, minlength=len(catalogue)) > 0
    asked = []
    for part in (1, 2):
        mine = parts[rest.users] == part
        asked.append(_asked(rest.take(mine & earlier), rest.take(mine & ~earlier), twins, trained))
    return World(train, twins, *asked)


def _asked(before: Interactions, after: Interactions, twins: Codes, trained: np.ndarray) -> Asked:
    """Turn earlier and later tweets into questions with a trained answer that was not tweeted before."""
    width = np.int64(len(twins))
    known, wanted = twins[before.items], twins[after.items]
    had = np.unique((before.users * width + known)[known >= 0])
    right = np.unique((after.users * width + wanted)[(wanted >= 0) & trained[np.maximum(wanted, 0)]])
    right = right[~np.isin(right, had)]
    users = np.unique(right // width).astype(np.int32)
    had = had[np.isin(had // width, users)]
    pointers = [np.searchsorted(keys // width, users) for keys in (right, had)]
    ends = [np.append(found, len(keys)).astype(np.int64) for found, keys in zip(pointers, (right, had), strict=True)]
    withheld = ends[1], (had % width).astype(np.int32)
    return Asked(users, Histories.of(before).rows(users), ends[0], (right % width).astype(np.int32), withheld)


def merged(data: Interactions, twins: Codes) -> Interactions:
    """Return the same rows with each tweeted film that MovieLens has as MovieLens' film."""
    items = np.where(twins[data.items] >= 0, twins[data.items], data.items)
    return replace(data, items=items, domains=data.catalogue.domains[items])


def ndcg(model: Recommender, asked: Asked, twins: Codes, floor: Recommender | None, *, join: bool) -> Doubles:
    """Return Float64[B], NDCG@10 of lists of MovieLens, with a floor for whoever the model has no opinion on."""
    mine = asked.histories.to(TARGET)
    if join:
        mine = replace(mine, items=np.where(twins[mine.items] >= 0, twins[mine.items], mine.items))
    scores = model.score(mine)
    values = scores.values.copy()
    if floor is not None and not scores.opinion.all():
        values[~scores.opinion] = floor.score(mine).values[~scores.opinion]
    inside = model.catalogue_.in_domain(TARGET)
    lists, _ = top_k(values, K, seen=asked.withheld, allowed=inside)
    hits = find_hits(lists.astype(np.int32), asked.indptr, asked.answers)
    return rank_metrics(hits, np.diff(asked.indptr), (K,), ("ndcg",))[f"ndcg@{K}"]


def run_films() -> dict[str, Any]:
    """Choose on validation persons, ask test persons once, and compare with popularity and with merged catalogues."""
    world = world_of(tweeted_films())
    twins, together = world.twins, merged(world.train, world.twins)
    floor = create("popularity").fit(world.train)
    chosen, tried, values = {}, [], {"popularity": ndcg(floor, world.test, twins, None, join=False)}
    joins: list[str] = []
    for arms, data, join in ((ARMS, world.train, False), (MERGED, together, True)):
        for arm, options in arms.items():
            fitted = {words: model_of(words).fit(data) for words in options}
            means = {
                words: float(ndcg(one, world.valid, twins, floor, join=join).mean()) for words, one in fitted.items()
            }
            tried += [{"arm": arm, "model": words, "ndcg@10": round(mean, 5)} for words, mean in means.items()]
            chosen[arm] = max(means, key=lambda words: means[words])
            print(f"validation {arm}: {chosen[arm]} {means[chosen[arm]]:.5f}", flush=True)
            values[arm] = ndcg(fitted[chosen[arm]], world.test, twins, floor, join=join)
            joins += [str(one) for one in getattr(fitted[chosen[arm]], "choices", []) if one.target == TARGET]
    found = {
        "persons": {"validation": len(world.valid.users), "test": len(world.test.users)},
        "answers": len(world.test.answers),
        "means": {name: round(float(one.mean()), 5) for name, one in values.items()},
        "chosen": chosen,
        "joins": joins,
        "tried": tried,
    }
    print(found["means"], flush=True)
    pairs = [(name, "popularity") for name in values if name != "popularity"]
    pairs += [("id and text", other) for other in MERGED]
    return {**found, "differences": [compared(values, name, control, world.test.users) for name, control in pairs]}


def run_readings() -> dict[str, Any]:
    """Compare ways to read text on the validation persons, at the settings that words chose."""
    data = tweeted_films()
    columns = data.catalogue.columns
    assert columns is not None  # noqa: S101 - of two sources with titles
    bare = columns.with_columns(pl.col("title").str.replace(r"\s*\(\d{4}\)\s*$", ""))
    yearless = replace(data, catalogue=replace(data.catalogue, columns=bare))
    words = "text_bridge factors=16 l2=1 alpha=10"
    arms = {"words": (data, words), "words, no year": (yearless, words), "minilm": (data, f"{words} encoder=minilm")}
    values, joins = {}, {}
    for arm, (rows, model) in arms.items():
        world = world_of(rows)
        fitted = model_of(model).fit(world.train)
        values[arm] = ndcg(fitted, world.valid, world.twins, None, join=False)
        joins[arm] = [str(one) for one in getattr(fitted, "choices", []) if one.target == TARGET]
        print(arm, round(float(values[arm].mean()), 5), flush=True)
    values["popularity"] = ndcg(create("popularity").fit(world.train), world.valid, world.twins, None, join=False)
    return {
        "persons": len(world.valid.users),
        "means": {name: round(float(one.mean()), 5) for name, one in values.items()},
        "joins": joins,
        "differences": [
            *(compared(values, name, "popularity", world.valid.users) for name in arms),
            *(compared(values, name, "words", world.valid.users) for name in arms if name != "words"),
        ],
    }


READERS = {
    "hobbits and dragons": ("The Hobbit", "Eragon", "A Game of Thrones"),
    "vampires": ("Twilight", "Interview with the Vampire", "Dracula"),
    "space": ("Dune", "Ender's Game", "The Hitchhiker's Guide to the Galaxy"),
    "crime": ("The Girl with the Dragon Tattoo", "Gone Girl", "The Silence of the Lambs"),
}


def run_books() -> dict[str, Any]:
    """List films for some readers, by titles, authors, genres and tags alone, read in both ways."""
    data = books_and_films()
    models = {name: model_of(f"text_bridge factors=32 encoder={name}").fit(data) for name in ("words", "minilm")}
    titles, read = data.catalogue.titles or [], np.bincount(data.items, minlength=len(data.catalogue))
    books = np.flatnonzero(data.catalogue.in_domain("books"))
    books = books[np.argsort(-read[books], kind="stable")]
    lists = {}
    for reader, wanted in READERS.items():
        codes = [next(code for code in books if titles[code].startswith(book)) for book in wanted]
        acts = tuple(Act(str(item)) for item in data.catalogue.ids.decode(np.array(codes, dtype=np.int32)))
        lists[reader] = {"books": [titles[code] for code in codes]}
        for name, model in models.items():
            items = model.recommend(Query(history=acts, domain=TARGET), k=K).items[0]
            lists[reader][name] = [titles[code] for code in items]
        print(reader, lists[reader], flush=True)
    joins = {name: [str(one) for one in getattr(model, "choices", [])] for name, model in models.items()}
    return {"lists": lists, "joins": joins, "claim": "none"}


RUNS = {"films": run_films, "readings": run_readings, "books": run_books}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("data", choices=RUNS, nargs="?", help="all where it is left out")
    asked = told.parse_args().data
    for which in [asked] if asked else RUNS:
        write(f"quality_content_{which}", {**RUNS[which](), **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
