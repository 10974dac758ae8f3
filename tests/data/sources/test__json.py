from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.sources._json import json_table, keys_of, stored

FIELDS = {"a": pl.String(), "b": pl.List(pl.String()), "c": pl.List(pl.Struct({"n": pl.String()}))}


def text_of(folder: Path, lines: list[str]) -> TextFile:
    path = folder / "x.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return prescan(Entry(path), folder / "work")


def test_values_become_text_lists_and_structs(tmp_path: Path) -> None:
    text = text_of(tmp_path, ['{"a": 1.50, "b": ["x", 2], "c": [{"n": "y", "m": 0}], "d": {"e": 1}}', '{"a": true}'])
    assert json_table(text, FIELDS).select("#line", "a", "b", "c").collect().rows() == [
        (1, "1.5", ["x", "2"], [{"n": "y"}]),
        (2, "true", None, None),
    ]
    assert keys_of(text) == ["a", "b", "c", "n", "m", "d", "e"]


@pytest.mark.parametrize("bad", ['{"a": "1"', "null", "[1]", "3", '{"a":1} x', '{"a":NaN}', "{'a':1}", "text"])
def test_a_line_that_is_no_object_is_a_problem_and_costs_no_other(tmp_path: Path, bad: str) -> None:
    lines = [json.dumps({"a": str(number), "b": [str(number)]}) for number in range(2_000)]
    found = json_table(text_of(tmp_path, [*lines[:700], bad, *lines[700:]]), FIELDS).collect(engine="streaming")
    assert found.filter(pl.col("#problem").is_not_null()).select("#line", "#problem", "#value").rows() == [
        (701, "not a JSON object", bad)
    ]
    good = found.filter(pl.col("#problem").is_null())
    assert good["a"].to_list() == [str(number) for number in range(2_000)]
    assert good["b"].to_list() == [[str(number)] for number in range(2_000)]


def test_a_value_of_another_shape_is_its_text_or_null(tmp_path: Path) -> None:
    text = text_of(tmp_path, ['{"a": {"q": [1]}, "b": {"r": 2}}', '{"a": "z", "b": ["k"], "c": 5}', '{"b": "k"}'])
    found = json_table(text, FIELDS).collect()
    assert found["#problem"].null_count() == 3
    assert found.select("a", "b", "c").rows() == [('{"q":[1]}', None, None), ("z", ["k"], None), (None, ["k"], None)]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=5), st.lists(st.text(max_size=2))
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "é"]), VALUES), min_size=1, max_size=20))
def test_every_object_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    text = text_of(tmp_path_factory.mktemp("json"), [json.dumps(row) for row in rows])
    found = json_table(text, {"a": pl.String()}).collect()
    assert found["#problem"].null_count() == len(rows)
    for row, came in zip(rows, found["a"].to_list(), strict=True):
        value = row.get("a")
        if isinstance(value, str) or value is None:
            assert came == value
        else:
            assert json.loads(came) == value


def test_stored_rows_are_those_that_were_given(tmp_path: Path) -> None:
    rows = json_table(text_of(tmp_path, ['{"a": "1"}', "no"]), FIELDS)
    kept = stored(rows, tmp_path / "spare", "x")
    (tmp_path / "x.jsonl").unlink()
    assert kept.select("#line", "#problem", "a").collect().rows() == [(1, None, "1"), (2, "not a JSON object", None)]
