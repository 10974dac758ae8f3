"""What is wrong in a world is told with its place, and what to write instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.worlds.reading import parse_world, read_world

GOOD = """
users = 50
start = 2024-01-01
days = 100
[domains.films]
items = 40
interactions = 500
[domains.shop]
items = 40
interactions = 500
kinds = {view = 0.5, purchase = 0.5}
"""


def test_what_is_not_written_has_its_default() -> None:
    world = parse_world(GOOD)
    assert world.start == date(2024, 1, 1) and world.domains["films"].kinds == {"rate": 1.0}
    assert world.domains["shop"].shown is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("users = 50", "usres = 50", "usres: unknown key; did you mean 'users'?"),
        ("items = 40\ninter", "item = 40\ninter", "domains.films.item: unknown key; did you mean 'items'?"),
        ("users = 50", "users = '50'", "users: expected a whole number, got '50'"),
        ("users = 50", "users = true", "users: expected a whole number, got True"),
        ("users = 50", "users = 0", "users: expected a number from 1 to"),
        ("users = 50", "", "users: expected a value, got none"),
        ("2024-01-01", "2024-01-01T10:00:00", "start: expected a day"),
        ("days = 100", "days = 100\ntransfer = 1.5", "transfer: expected a number from 0 to 1, got 1.5"),
        ("days = 100", "days = 100\ntransfer = nan", "transfer: expected a number from 0 to 1, got nan"),
        ("days = 100", "days = 100\nactive = [0.5, 0.4]", "active: expected shares that sum to 1"),
        ("days = 100", "days = 100\ntransfers = {'films+shp' = 1}", "got 'shp'; did you mean 'shop'?"),
        ("days = 100", "days = 100\ntaste_change = {at = 2025-01-01, share = 0.1}", "taste_change.at: expected a day"),
        ("days = 100", "days = 100\nrhythm = {peak_weekday = 'sonday'}", "rhythm.peak_weekday: expected one of"),
        ("days = 100", "days = 100\nbursts = [{at = 2024-02-01, factor = 2, domain = 'x'}]", "bursts.0.domain:"),
        ("view = 0.5, ", "veiw = 0.5, ", "did you mean 'view'?"),
        ("view = 0.5, ", "view = 0.1, ", "domains.shop.kinds: expected shares that sum to 1"),
        ("view = 0.5, ", "shown = 0.5, ", "rows of 'shown' come from"),
        ("[domains.shop]", "returns = {share = 0.1}\n[domains.shop]", "domains.films.returns: expected a share of"),
        ("[domains.shop]", "shown = {length = 30}\n[domains.shop]", "domains.films.shown.length: expected at most"),
        ("[domains.shop]", "trends = [{category = 8, at = 2024-02-01, factor = 2}]\n[domains.shop]", "trends.category"),
        (
            "interactions = 500\nkinds",
            "interactions = 5000\nkinds",
            "domains.shop.interactions: expected at most 1,000",
        ),
        ("[domains.films]", "[domains.Films]", "domain: expected a lower-case letter"),
        ("users = 50", "users = [", "expected TOML"),
    ],
)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidInput) as caught:
        parse_world(GOOD.replace(old, new, 1), "w.toml")
    assert said in str(caught.value) and str(caught.value).startswith("w.toml: ")


def test_pairs_that_contradict_one_another_are_refused() -> None:
    third = "[domains.books]\nitems = 40\ninteractions = 500\n"
    pairs = "days = 100\ntransfer = 0\ntransfers = {'films+shop' = 0.95, 'books+shop' = 0.95, 'books+films' = 0}"
    with pytest.raises(InvalidInput, match="pairs that agree"):
        parse_world(GOOD.replace("days = 100", pairs) + third)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected a world in TOML"):
        read_world(tmp_path / "no.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="UTF-8"):
        read_world(tmp_path / "x.toml")
