"""What each weighting gives on a question is what its list gives, ranked and judged one by one."""

from __future__ import annotations

import numpy as np
import pytest
from taste_worlds import taste_world

from crossrec.core.recommendations import top_k
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.recommender import create
from crossrec.models.transfer._blend import Blend, control_name
from crossrec.models.transfer._evidence import Evidence, held_out
from crossrec.models.transfer._trying import ALONE, DIALS, judged


@pytest.fixture(scope="module")
def asked() -> tuple[Blend, Evidence]:
    evidence = held_out(taste_world(shared=True, users=150), seed=0)
    assert evidence is not None
    train = evidence.train
    parts = {"floor": create("popularity").fit(train), "transfer": create("item_knn").fit(train)}
    for code, name in enumerate(train.catalogue.domain_names):
        parts[control_name(code)] = create("ease").fit(train.domain(name))
    return Blend(train.catalogue, parts), evidence


def test_a_weighting_is_judged_as_its_lists_are(asked: tuple[Blend, Evidence]) -> None:
    blend, evidence = asked
    table = judged(blend, evidence)
    assert table.shape == (len(evidence), len(DIALS)) and (table.max(axis=0) > 0).all()
    for row in range(0, len(evidence), 17):
        code = int(evidence.domains[row])
        items, one = blend.items[code], evidence.histories[row : row + 1]
        had = np.flatnonzero(np.isin(items, one.items)).astype(np.int32)
        right = np.searchsorted(items, evidence.answers[evidence.indptr[row] : evidence.indptr[row + 1]])
        pointers = np.array([0, len(right)])
        for place, dial in enumerate(DIALS):
            scores = blend.weighed(one, code, dial[None, :])
            lists, _ = top_k(scores, 10, seen=(np.array([0, len(had)]), had))
            hits = find_hits(lists, pointers, right.astype(np.int32))
            told = rank_metrics(hits, np.array([len(right)]), (10,), ("ndcg",))["ndcg@10"][0]
            assert table[row, place] == pytest.approx(told, abs=1e-12)


def test_weightings_without_transfer_come_first() -> None:
    assert (DIALS[: len(ALONE), 1] == 0).all() and (DIALS[len(ALONE) :, 1] > 0).all()
    np.testing.assert_allclose(DIALS.sum(axis=1), 1)
