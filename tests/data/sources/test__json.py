from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry
from crossrec.data.sources import _json
from crossrec.data.sources._json import json_file, keys_of

FIELDS = {"a": pl.String(), "b": pl.List(pl.String()), "c": pl.List(pl.Struct({"n": pl.String()}))}


def entry_of(folder: Path, lines: list[str]) -> Entry:
    path = folder / "x.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return Entry(path)


def table(entry: Entry, fields: dict[str, pl.DataType]) -> pl.DataFrame:
    return json_file(entry, entry.path.parent / "work", fields, lambda found: found)[0].collect()


def test_values_become_text_lists_and_structs(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, ['{"a": 1.50, "b": ["x", 2], "c": [{"n": "y", "m": 0}], "d": {"e": 1}}', '{"a": true}'])
    assert table(entry, FIELDS).select("#line", "a", "b", "c").rows() == [
        (1, "1.5", ["x", "2"], [{"n": "y"}]),
        (2, "true", None, None),
    ]
    assert keys_of(entry) == ["a", "b", "c", "n", "m", "d", "e"]


@pytest.mark.parametrize("bad", ['{"a": "1"', "null", "[1]", "3", '{"a":1} x', '{"a":NaN}', "{'a':1}", "text"])
def test_a_line_that_is_no_object_is_a_problem_and_costs_no_other(tmp_path: Path, bad: str) -> None:
    lines = [json.dumps({"a": str(number), "b": [str(number)]}) for number in range(2_000)]
    found = table(entry_of(tmp_path, [*lines[:700], "", bad, *lines[700:]]), FIELDS)
    assert found.filter(pl.col("#problem").is_not_null()).select("#line", "#problem", "#value").rows() == [
        (702, "not a JSON object", bad)
    ]
    good = found.filter(pl.col("#problem").is_null())
    assert good["a"].to_list() == [str(number) for number in range(2_000)]
    assert good["b"].to_list() == [[str(number)] for number in range(2_000)]


def test_a_value_of_another_shape_is_its_text_or_null(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, ['{"a": {"q": [1]}, "b": {"r": 2}}', '{"a": "z", "b": ["k"], "c": 5}', '{"b": "k"}'])
    found = table(entry, FIELDS)
    assert found["#problem"].null_count() == 3
    assert found.select("a", "b", "c").rows() == [('{"q":[1]}', None, None), ("z", ["k"], None), (None, ["k"], None)]


def test_half_an_emoji_costs_no_field_also_beside_a_line_of_another_shape(tmp_path: Path) -> None:
    half = '{"a": "1", "text": "cut \\ud83d"}'
    low = '{"a": "1", "text": "\\ude00 cut"}'
    for lines in ([half], [half, '{"a": {"q": 1}}'], [low], [low, half]):
        found = table(entry_of(tmp_path, lines), {"a": pl.String()})
        assert found.row(0, named=True)["a"] == "1"
        assert found["#problem"].null_count() == len(lines)


def test_a_key_without_a_name_costs_no_field_beside_a_line_of_another_shape(tmp_path: Path) -> None:
    found = table(entry_of(tmp_path, ['{"a": "1", "": true}', '{"a": {"q": 1}}']), {"a": pl.String()})
    assert found["a"].to_list() == ["1", '{"q":1}'] and found["#problem"].null_count() == 2


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=5), st.lists(st.text(max_size=2))
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "é", ""]), VALUES), min_size=1, max_size=20))
def test_every_object_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    found = table(entry_of(tmp_path_factory.mktemp("json"), [json.dumps(row) for row in rows]), {"a": pl.String()})
    assert found["#problem"].null_count() == len(rows)
    for row, came in zip(rows, found["a"].to_list(), strict=True):
        value = row.get("a")
        if isinstance(value, str) or value is None:
            assert came == value
        else:
            assert json.loads(came) == value


def test_blocks_pieces_and_files_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"a": str(number), "text": "." * (number % 97)}) for number in range(3_000)]
    lines[17:17] = ["", "broken", ""]
    entry = entry_of(tmp_path, lines)
    whole = table(entry, {"a": pl.String()})
    monkeypatch.setattr("crossrec.data.intake.unpacking.BLOCK_BYTES", 1_000)
    monkeypatch.setattr(_json, "_TABLE_BYTES", 3_000)
    monkeypatch.setattr(_json, "_PIECE_BYTES", 200)
    monkeypatch.setattr(_json, "_ROWS_A_FILE", 100)
    packed = tmp_path / "x.jsonl.gz"
    packed.write_bytes(gzip.compress(entry.path.read_bytes()))
    small = table(Entry(packed), {"a": pl.String()})
    assert small.drop("#file").equals(whole.drop("#file"))
    assert whole["#line"].to_list() == [number for number, line in enumerate(lines, start=1) if line]
    assert whole.filter(pl.col("#problem").is_not_null())["#value"].to_list() == ["broken"]
    assert len(list((tmp_path / "work").glob("*x.jsonl*"))) == 2


def test_a_cut_file_is_refused_whatever_was_parsed(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, [json.dumps({"a": str(number * 7919 % 104729)}) for number in range(200_000)])
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(entry.path.read_bytes())[:-500])
    with pytest.raises(InvalidInput, match=r"cut\.jsonl\.gz: .*cut off or damaged after \d{6} readable lines"):
        table(Entry(packed), {"a": pl.String()})


def test_a_shape_is_made_of_the_rows_and_lines_may_be_rewritten(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, ["A=1", "A=2", "no"])
    rows, scanned = json_file(
        entry,
        tmp_path / "work",
        {"A": pl.String()},
        lambda found: found.select("#problem", pl.col("A").cast(pl.Int64) * 2),
        rewrite=lambda lines: lines.str.replace(r"^A=(\d)$", '{"A":$1}'),
    )
    assert rows.collect().rows() == [(None, 2), (None, 4), ("not a JSON object", None)]
    assert (scanned.lines, scanned.entry, scanned.refused) == (3, entry, ())
