"""Decisions: numbered without gaps, on the index, with all their parts, on one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Status", "Context", "Options", "Decision", "Consequences", "Check"]


def parts(path: Path) -> list[str]:
    return re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_numbers_have_no_gap() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1)) and len(RECORDS) >= 13


def test_the_index_is_complete() -> None:
    rows = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| (.+?) \|$", (FOLDER / "README.md").read_text("utf-8"), re.M
    )
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in RECORDS}
    assert [(file, f"# {number}. {title}") for number, file, title, _ in rows] == list(titles.items())
    for _, file, _, status in rows:
        assert f"## Status\n\n{status}" in (FOLDER / file).read_text(encoding="utf-8"), file


@pytest.mark.parametrize("path", [*RECORDS, FOLDER / "template.md"], ids=lambda path: path.name)
def test_a_record_has_all_parts_on_one_page(path: Path) -> None:
    assert parts(path) == PARTS
    assert len(path.read_text(encoding="utf-8").split()) < 600
