"""The page of a similarity: every pair, its warning, and no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from taste_worlds import taste_world

from crossrec.core.errors import Unavailable
from crossrec.evaluation.likeness.page import similarity_page, write_similarity_page
from crossrec.evaluation.likeness.similarity import domain_similarity


def test_the_page_has_plots_and_figures_and_warns(tmp_path: Path) -> None:
    found = domain_similarity(taste_world(shared=True, users=100), factors=4, shuffles=9)
    page = similarity_page(found)
    assert page.count("<svg") == 5 and page.count("<title>") > 3 and "says nothing about likeness" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    cka = found.pairs[0].of("linear CKA")
    assert cka is not None and f"{cka.value:.3f}" in page
    write_similarity_page(found, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    with pytest.raises(Unavailable, match="could not be written"):
        write_similarity_page(found, tmp_path / "no" / "page.html")


def test_a_pair_without_persons_has_words_alone() -> None:
    page = similarity_page(domain_similarity(taste_world(shared=True, users=12), factors=2, shuffles=5))
    assert "12 persons are in both" in page and "<svg" not in page
