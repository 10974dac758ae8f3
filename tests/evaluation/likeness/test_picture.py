"""Pictures: every domain is in them, what is near is of one taste, and how mixed domains are is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from taste_worlds import taste_of, taste_world

from crossrec.core.errors import InvalidInput
from crossrec.evaluation.likeness.picture import domain_picture


def test_items_and_persons_of_all_domains_are_laid_out() -> None:
    data = taste_world(shared=True, users=200)
    found = domain_picture(data, perplexity=10, factors=4, most=40)
    items, persons = found.clouds
    assert found.names == ["books", "films"] and (items.kind, persons.kind) == ("items", "persons")
    for cloud in found.clouds:
        assert np.bincount(cloud.domains).tolist() == [40, 40] and len(cloud.places) == len(cloud.labels) == 80
        assert cloud.chance == pytest.approx(2 * 40 * 39 / (80 * 79)) and 0 <= cloud.same <= 1
    assert set(persons.labels) <= {f"u{user:03d}" for user in range(200)}
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["settings"] == {"method": "tsne", "perplexity": 10, "factors": 4, "most": 40, "seed": 0}
    assert "by chance 49%" in found.table()


def test_what_is_near_in_the_plane_is_of_one_taste() -> None:
    items = domain_picture(taste_world(shared=True), perplexity=10, factors=4).clouds[0]
    places, tastes = np.array(items.places), np.array([taste_of(label) for label in items.labels])
    apart = np.square(places[:, None] - places[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (tastes[np.argsort(apart, axis=1)[:, :5]] == tastes[:, None]).mean() > 0.8


def test_one_taste_mixes_domains_and_two_do_not() -> None:
    shared = domain_picture(taste_world(shared=True), perplexity=10, factors=4).clouds[0]
    apart = domain_picture(taste_world(shared=False), perplexity=10, factors=4).clouds[0]
    assert apart.same > shared.same + 0.1


def test_settings_out_of_range_are_refused() -> None:
    data = taste_world(shared=True, users=50)
    with pytest.raises(InvalidInput, match="most >= 10"):
        domain_picture(data, most=5)
    with pytest.raises(InvalidInput, match="perplexity: expected"):
        domain_picture(data, perplexity=500, factors=4)
    with pytest.raises(InvalidInput, match="there are none"):
        domain_picture(data.take(np.zeros(len(data), dtype=np.bool_)))
