from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import CorruptBundle
from crossrec.data.fetching.consents import CONSENTS, consented, record_consent
from crossrec.data.fetching.corpora import corpus


def test_consents_add_up(tmp_path: Path) -> None:
    films, shop = corpus("movielens-25m"), corpus("amazon-2023:Books")
    assert not consented(tmp_path / "none", films.licence)
    record_consent(tmp_path / "new", films, "asked")
    record_consent(tmp_path / "new", shop, "--yes")
    assert consented(tmp_path / "new", films.licence) and consented(tmp_path / "new", shop.licence)


def test_a_damaged_file_is_no_consent(tmp_path: Path) -> None:
    (tmp_path / CONSENTS).write_text("[{")
    with pytest.raises(CorruptBundle, match="move it away to be asked again"):
        consented(tmp_path, corpus("movielens-25m").licence)
