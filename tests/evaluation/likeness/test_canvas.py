"""A picture as a file: each kind, all text escaped, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.evaluation.likeness.canvas import COLOURS, SUFFIXES, picture_page, write_picture
from crossrec.evaluation.likeness.picture import Cloud, Picture


def picture(domains: int = 2) -> Picture:
    places = [(float(at), float(at % 3)) for at in range(2 * domains)]
    of = [at // 2 for at in range(2 * domains)]
    clouds = [
        Cloud(kind, [f"<{kind} {at}>" for at in range(2 * domains)], of, places, 0.75, 0.5)
        for kind in ("items", "persons")
    ]
    names = ["a & b", *(f"domain {at}" for at in range(1, domains))]
    return Picture("0" * 64, {"method": "tsne", "perplexity": 30.0}, names, clouds)


def test_the_page_says_what_each_point_is_and_hides_domains_without_a_script() -> None:
    page = picture_page(picture())
    assert page.count("<circle") == 8 and "&lt;items 0&gt; (a &amp; b)" in page and "<items" not in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count('type="checkbox"') == 2 and "#show-1:not(:checked) ~ section .d1" in page
    assert "75 % are of the same domain; if domains were dealt out anew, 50 %" in page and "perplexity 30" in page


def test_a_ninth_domain_is_drawn_in_rings() -> None:
    page = picture_page(picture(9))
    assert f'fill="none" stroke="{COLOURS[0]}"' in page


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_kind_of_file_is_written_and_replaced(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"
    write_picture(picture(), path)
    first = path.read_bytes()
    write_picture(picture(), path)
    assert path.read_bytes() == first, "the same picture gives the same file"
    start = {".html": b"<!doctype html>", ".svg": b"<?xml", ".png": b"\x89PNG"}[suffix]
    assert first.startswith(start) and list(tmp_path.iterdir()) == [path]
    with pytest.raises(Unavailable, match="could not be written"):
        write_picture(picture(), tmp_path / "no" / f"picture{suffix}")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ends in .html, .svg, .png, got 'picture.gif'"):
        write_picture(picture(), tmp_path / "picture.gif")
