"""Touches, on a history small enough to read."""

from __future__ import annotations

import polars as pl
import pytest

from crossrec.core.errors import Refused
from crossrec.core.interactions import Interactions
from crossrec.data.preparing.touches import Touches, touches_of

DAY, START = 86_400_000, 1_600_041_600_000
"""A day, and a midnight."""
ROWS = [  # user, domain, item, day, hour
    ("ann", "films", "a", 0, 0),
    ("ann", "films", "b", 1, 5),
    ("ann", "books", "x", 1, 6),
    ("ann", "books", "y", 1, 6),
    ("ann", "books", "z", 2, 1),
    ("bob", "books", "x", 0, 0),
    ("bob", "books", "y", 3, 0),
]


@pytest.fixture
def data() -> Interactions:
    midnight = START // DAY * DAY
    return Interactions.from_frame(
        pl.DataFrame(
            {
                "user_id": [row[0] for row in ROWS],
                "domain": [row[1] for row in ROWS],
                "item_id": [row[2] for row in ROWS],
                "timestamp": [midnight + row[3] * DAY + row[4] * 3_600_000 for row in ROWS],
            }
        )
    )


def told(found: Touches, data: Interactions) -> list[tuple[str, str, list[str], list[str], int]]:
    items, names = data.item_ids.series.to_list(), data.catalogue.domain_names
    rows = []
    for row in range(len(found)):
        answers = [items[code] for code in found.answers[found.indptr[row] : found.indptr[row + 1]]]
        past = found.histories[row : row + 1].items
        user = data.user_ids.series[int(found.users[row])]
        rows.append((user, names[found.domains[row]], answers, [items[code] for code in past], int(found.earlier[row])))
    return rows


def test_each_day_is_asked_with_what_was_strictly_before(data: Interactions) -> None:
    since = START // DAY * DAY + DAY
    assert told(touches_of(data, since, first=False), data) == [
        ("ann", "books", ["books:x", "books:y"], ["films:a", "films:b"], 0),
        ("ann", "books", ["books:z"], ["films:a", "films:b", "books:x", "books:y"], 2),
        ("bob", "books", ["books:y"], ["books:x"], 1),
        ("ann", "films", ["films:b"], ["films:a"], 1),
    ]


def test_the_first_day_alone(data: Interactions) -> None:
    since = START // DAY * DAY + DAY
    rows = told(touches_of(data, since, first=True), data)
    assert [row[:2] for row in rows] == [("ann", "books"), ("bob", "books"), ("ann", "films")]


def test_at_most_so_many_by_a_seed(data: Interactions) -> None:
    some = touches_of(data, 0, first=False, most=2, seed=1)
    assert len(some) == 2 and len(some.histories) == 2
    assert told(some, data) == told(touches_of(data, 0, first=False, most=2, seed=1), data)


def test_data_without_times_is_refused(data: Interactions) -> None:
    untimed = Interactions.from_frame(pl.DataFrame({"user_id": ["a"], "item_id": ["b"]}))
    with pytest.raises(Refused, match="touches need a time"):
        touches_of(untimed, 0, first=True)
