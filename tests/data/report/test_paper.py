from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import Unavailable
from crossrec.data.report.paper import write_page


def test_a_page_takes_the_place_of_another_or_leaves_nothing(tmp_path: Path) -> None:
    page, folder = tmp_path / "page.html", tmp_path / "folder"
    folder.mkdir()
    for text in ("old", "new"):
        write_page(text, page)
    with pytest.raises(Unavailable, match="folder': the report could not be written"):
        write_page("text", folder)
    assert page.read_text() == "new" and sorted(tmp_path.iterdir()) == [folder, page]
