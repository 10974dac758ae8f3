from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossrec.data.dataset import open_dataset
from crossrec.data.intake import taking
from crossrec.data.intake.importing import ImportSummary, import_source
from crossrec.data.numbers import digits, sink
from crossrec.data.storing.months import sink_months

HEADER = "userId,movieId,rating,timestamp\n"
ROW = st.tuples(
    st.integers(0, 10**9 - 1),
    st.integers(0, 40),
    st.sampled_from(["0.5", "3", "5.0"]),
    st.integers(7 * 10**8, 17 * 10**8),
)


def taken(folder: Path, rows: str, name: str) -> ImportSummary:
    path = folder / "ratings.csv"
    path.write_text(HEADER + rows)
    return import_source("movielens", path, "films", folder / name, there="replace")


@given(st.lists(ROW, min_size=1, max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_numbers_and_text_give_the_same_data_set(tmp_path: Path, rows: list[tuple[int, int, str, int]]) -> None:
    text = "".join(f"{user},{item},{rating},{at}\n" for user, item, rating, at in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "_BLOCK_BYTES", 101)
        numbers = taken(tmp_path, text, "numbers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "sink_numbers", lambda *_, **__: None)
        words = taken(tmp_path, text, "words")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_fast", lambda *_, **__: None)
        lines = taken(tmp_path, text, "lines")
    for other, name in ((words, "words"), (lines, "lines")):
        assert (other.record.rows, other.record.users, other.record.items) == (
            numbers.record.rows,
            numbers.record.users,
            numbers.record.items,
        )
        assert other.record.quarantined == numbers.record.quarantined
        assert other.record.time_range == numbers.record.time_range
        one, two = (open_dataset(tmp_path / which).rows("films").collect() for which in ("numbers", name))
        assert one.drop("position").equals(two.drop("position"))
        order = (frame.sort("position").drop("position") for frame in (one, two))
        assert next(order).equals(next(order))


@pytest.mark.parametrize("user", ["007", "+7", "-7", " 7", "0", "70", "u7", "12345678901", "9" * 40])
def test_ids_keep_their_spelling(tmp_path: Path, user: str) -> None:
    taken(tmp_path, f"1,10,4.0,964982703\n{user},20,4.0,964982704\n", "out")
    assert open_dataset(tmp_path / "out").rows("films").collect()["user_id"].to_list() == ["1", user]


def test_tables_that_do_not_fit_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "fits", lambda rows, size: False)
    summary = taken(tmp_path, "1,10,4.0,964982703\n2,20,4.0,974982704\n", "out")
    assert (summary.record.rows, summary.record.users) == (2, 2)


def test_a_plain_file_is_read_as_numbers_and_an_odd_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        taking, "sink_months", lambda rows, folder, **about: asked.append(folder) or sink_months(rows, folder, **about)
    )
    taken(tmp_path, "1,10,4.0,964982703\n2,20,4.0,974982704\n", "plain")
    assert not asked
    taken(tmp_path, "1,10,4.0,964982703\n02,20,4.0,974982704\n", "odd")
    assert asked
