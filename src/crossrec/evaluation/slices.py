"""Slices: the same questions in parts, by domain, person, length of history, popularity of the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Bools
from crossrec.evaluation.questions import Questions

__all__ = ["HISTORY_GROUPS", "Part", "parts_of", "popularity_groups"]

HISTORY_GROUPS = {"0": (0, 0), "1-2": (1, 2), "3-5": (3, 5), "6-10": (6, 10), "11+": (11, 2**62)}
"""Name -> fewest and most interactions in the history."""
_HEAD_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the questions, and which of their answers count.

    Args:
        by: "domain", "person", "history" or "popularity".
        value: Which part.
        rows: Bool[N], the questions in it.
        items: Bool[I], the answers that count; None is all.
    """

    by: str
    value: str
    rows: Bools
    items: Bools | None = None


def parts_of(questions: Questions) -> list[Part]:
    """Cut the questions into parts; parts without a question are left out.

    By domain where there are several; by whether the person is "known" from training or "new", where there are both;
    by the number of interactions in the asker's history; and by the training popularity of the right answers, where a
    question is in each part it has answers of, and only those count.
    """
    catalogue = questions.catalogue
    names = catalogue.domain_names
    parts = [Part("domain", name, questions.domains == code) for code, name in enumerate(names) if len(names) > 1]
    known = questions.known_persons[questions.users]
    if known.any() and not known.all():
        parts += [Part("person", "known", known), Part("person", "new", ~known)]
    lengths = questions.history_lengths
    parts += [
        Part("history", name, (lengths >= low) & (lengths <= high)) for name, (low, high) in HISTORY_GROUPS.items()
    ]
    rows = np.repeat(np.arange(len(questions)), questions.relevant)
    for name, items in popularity_groups(questions).items():
        having = np.zeros(len(questions), dtype=np.bool_)
        having[rows[items[questions.answers]]] = True
        parts.append(Part("popularity", name, having, items))
    return [part for part in parts if part.rows.any()]


def popularity_groups(questions: Questions) -> dict[str, Bools]:
    """Split items in "head", the fifth of trained items with most users (rounded up), "tail" and "unseen".

    Of equal items the lower code is in the head. "unseen" never occurs in training.
    """
    (users, _), trained = questions.audience, questions.trained
    order = np.argsort(-users, kind="stable")
    head = np.zeros(len(users), dtype=np.bool_)
    head[order[: int(np.ceil(_HEAD_SHARE * trained.sum()))]] = True
    return {"head": head, "tail": trained & ~head, "unseen": ~trained}
