"""Drawn candidates: few items beside the right answers, as older papers ranked them."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import Refused
from crossrec.core.query import Queries
from crossrec.core.recommendations import top_k
from crossrec.evaluation.questions import Questions
from crossrec.models.recommender import Recommender

__all__ = ["best_among", "draw"]


def draw(questions: Questions, count: int, *, seed: int = 0) -> list[Codes]:
    """Give each question its candidates: the right answers and `count` other items.

    The others are drawn uniformly and without repeats from the items of the question's domain that are neither in
    the asker's history nor right.

    Args:
        questions: N of them.
        count: How many to draw.
        seed: Fixes the draw.

    Returns:
        N arrays of codes, the right answers first.

    Raises:
        Refused: Somebody has fewer such items.

    Source: He et al. 2017, section 4.1 (99 items beside one right answer). Krichene & Rendle 2020 show that such
    numbers order models in another way than the full catalogue does.
    """
    chance, domains = random(seed), questions.catalogue.domains
    acts = questions.history.acts
    found: list[Codes] = []
    for row, user in enumerate(questions.users.tolist()):
        answers = questions.answers[questions.indptr[row] : questions.indptr[row + 1]]
        free = domains == questions.domains[row]
        free[answers] = False
        free[acts.items[acts.indptr[user] : acts.indptr[user + 1]]] = False
        others = np.flatnonzero(free)
        if len(others) < count:
            raise Refused(
                f"sampled: expected at least {count} items that an asker neither had nor wants, got {len(others)}; "
                "draw fewer, or rank the full catalogue"
            )
        found.append(np.concatenate([answers, chance.choice(others, count, replace=False)]).astype(np.int32))
    return found


def best_among(
    model: Recommender, queries: Queries, candidates: list[Codes], k: int, *, exclude_seen: bool
) -> tuple[Codes, Bools]:
    """Return the best k of each query's own candidates, by the model's scores.

    Args:
        model: Fitted.
        queries: B queries.
        candidates: B arrays of codes in the catalogue of the queries; what the model does not know is passed over.
        k: Length of the lists.
        exclude_seen: Leave out the items of each history.

    Returns:
        Int32[B, K] codes in the model's catalogue, -1 for an empty place, and Bool[B], is there an opinion.
    """
    asked = queries.on(model.catalogue_)
    scored = model.score(asked)
    rows = np.repeat(np.arange(len(candidates)), [len(codes) for codes in candidates])
    codes = np.concatenate(candidates)
    if not queries.catalogue.same_items(model.catalogue_):
        codes = model.catalogue_.ids.encode(queries.catalogue.ids.series)[codes]
        rows, codes = rows[codes >= 0], codes[codes >= 0]
    values: Floats = np.full(scored.values.shape, -np.inf, dtype=np.float32)
    values[rows, codes] = scored.values[rows, codes]
    items, _ = top_k(values, k, seen=asked.not_again() if exclude_seen else None, floor=scored.floor)
    items[~scored.opinion] = -1
    opinion = scored.opinion if scored.floor is None else scored.opinion & (items >= 0).any(axis=1)
    return items, opinion
