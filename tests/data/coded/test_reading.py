from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.data.coded import reading
from crossrec.data.coded.file import CodedFile
from crossrec.data.coded.reading import Form, read_coded
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.intake.row_checks import EARLIEST, LATEST
from crossrec.data.numbers.digits import Ranges
from crossrec.data.sources import amazon

KEYS = {
    "user_id": "user_id", "item_id": "parent_asin", "variant": "asin", "rating": "rating", "timestamp": "timestamp",
    "verified": "verified_purchase", "votes": "helpful_vote", "odd": "helpful",
}  # fmt: skip
FORM = Form(KEYS, Ranges((1.0, 5.0), (EARLIEST, LATEST), 1), {})
FOLDERS = itertools.count()

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLAIN = st.fixed_dictionaries(
    {
        "user_id": st.text("AB é0_", min_size=1, max_size=20) | st.sampled_from(["u1", "u2"]),
        "parent_asin": st.text("AB0", min_size=1, max_size=11) | st.sampled_from(["i1", "i2"]),
        "rating": st.sampled_from([1, 2.5, 5.0, 3]),
        "timestamp": st.integers(EARLIEST, LATEST - 1) | st.just(1_588_687_728_923),
    },
    optional={
        "asin": st.text("AB0", min_size=1, max_size=10),
        "verified_purchase": st.booleans(),
        "helpful_vote": st.integers(0, 10**6),
        "title": st.text(max_size=40),
        "text": st.text(max_size=300),
        "images": VALUES,
    },
)
ODD = st.fixed_dictionaries(
    {}, optional={key: VALUES for key in (*KEYS.values(), "text", "title") if key != "helpful"} | {"": VALUES}
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A review, perhaps with odd values, perhaps damaged: a piece lost, put in, or twice."""
    found: dict[str, Any] = draw(PLAIN) | (draw(ODD) if draw(st.integers(0, 3)) == 0 else {})
    members = draw(st.permutations(list(found.items())))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :  ")]))
    text = json.dumps(dict(members), separators=(comma, colon), ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 2)) == 0:
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        put = draw(
            st.sampled_from(
                ["", text[start:end] * 2, '"', "\\", "\\u12", "\\ud83d", ",", "}", "0", "e5", "\t", " ", "NaN"]
            )
        )
        text = text[:start] + put + text[end:]
    return text.encode(errors="replace").decode() + draw(st.sampled_from(["", "", " ", "\r"]))


def taken(text: str, folder: Path, cut: int = 10**9) -> CodedFile | None:
    """Read a text in blocks of some whole lines."""
    rows = text.encode().split(b"\n")[:-1]
    parts = [(start, rows[start : start + cut]) for start in range(0, len(rows), cut)]
    blocks = [(start + 1, b"".join(row + b"\n" for row in part)) for start, part in parts]
    return read_coded(blocks, FORM, lambda table: table, file="x", folder=folder / str(next(FOLDERS)))


def rows_of(found: CodedFile) -> list[tuple[int, dict[str, Any]]]:
    """Return line and values of the rows, in their order."""
    users, items = found.users.to_list(), found.items.ids().to_list()
    return [
        (
            int(row["line"]),
            {
                "user_id": users[row["user_id"]],
                "parent_asin": items[row["item_id"]],
                "asin": None if row["variant"] < 0 else items[row["variant"]],
                "rating": float(row["rating"]),
                "timestamp": int(row["timestamp"]),
                "verified_purchase": None if row["verified"] < 0 else bool(row["verified"]),
                "helpful_vote": None if row["votes"] < 0 else int(row["votes"]),
            },
        )
        for rows in found.rows.batches()
        for row in rows
    ]


@given(st.lists(lines(), min_size=1, max_size=30), st.integers(1, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_what_is_read_is_what_json_says(tmp_path: Path, texts: list[str], cut: int) -> None:
    found = taken("".join(f"{text}\n" for text in texts), tmp_path, cut)
    assert found is not None
    rows = rows_of(found)
    for line, values in rows:
        pairs = json.loads(texts[line - 1], object_pairs_hook=list)
        names = [name for name, _ in pairs]
        assert not [key for key in values if names.count(key) > 1]
        assert values == {key: dict(pairs).get(key) for key in values}
    blank = [number for number, text in enumerate(texts, 1) if text in ("", "\r")]
    assert sorted([line for line, _ in rows] + found.odd["line"].to_list() + blank) == list(range(1, len(texts) + 1))
    places = [position for batch in found.rows.batches() for position in batch["position"]]
    assert sorted(places + found.odd["position"].to_list()) == list(range(len(texts) - len(blank)))


def review(**changed: object) -> str:
    """Write a review of the plainest kind."""
    plain = {"user_id": "u", "parent_asin": "B1", "rating": 5.0, "timestamp": 1_588_687_728_923, "title": 'é \\ "'}
    return json.dumps(plain | changed)


@pytest.mark.parametrize(
    "line",
    [
        review(),
        review(asin="B2", verified_purchase=True, helpful_vote=12),
        review(images=[], price=None, style={"Size:": "L", "a": [1, -2.5, {"b": [[], {}]}]}),
        review(user_id="A b_~!", text="\u0000 \ud83d half an emoji \t\n\r\b\f / end"),
        review(helpful_vote="12"),
        review().replace(":", " :\t").replace(",", " , ") + " \r",
        '{"rating":1,"parent_asin":"i","user_id":"u","timestamp":631152000000}',
    ],
)
def test_plain_lines_are_read(tmp_path: Path, line: str) -> None:
    found = taken(line + "\n", tmp_path)
    assert found is not None
    assert (len(found.rows), found.odd.height) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        " " + review(),
        review() + "x",
        review()[:-1],
        review()[:-1] + ",}",
        review().replace("{", "{,", 1),
        review().replace(": 5.0", " 5.0"),
        "[" + review() + "]",
        "null",
        *[review(rating=value) for value in (0, 5.5, -1, "5", None, True, 1e-9, 2.00000001)],
        *[review().replace("5.0", number) for number in ("5.", ".5", "05", "+5", "5e0", "NaN", "Infinity", "1_0", "")],
        *[review(timestamp=value) for value in (0, 1.5e12, "1588687728923", 10**15, 10**40, EARLIEST - 1, LATEST)],
        *[review(user_id=value) for value in ("", "é", "a\tb", 'a"', "a\\b", "\x7f", 7, None, ["u"], "u" * 513)],
        review(asin="B-2"),
        *[review(helpful_vote=value) for value in (-1, 1.5, "1,002", "x", None, 10**15)],
        *[review(verified_purchase=value) for value in ("true", 1, None)],
        review().replace("title", "user_id"),
        review().replace("title", "us\\u0065r_id"),
        review().replace("user_id", "user"),
        review(helpful=[2, 3]),
        review().replace("\\\\", "\\x"),
        review().replace("\\\\", "\x01"),
        review().replace("u00e9", "u00g9"),
        *[
            review().replace('"title"', f'"a": {value}, "title"')
            for value in ("[1,]", "[1 2]", "{1: 2}", '{"a"}', "[}", "tru", "nul")
        ],
        *[
            review().replace('"title"', f'"a": {value}, "title"')
            for value in ("01", "-", "1.", "1e5", "9" * 16, "'x'", "")
        ],
        review(a=json.loads("[" * 70 + "]" * 70)),
    ],
)
def test_a_line_that_could_mean_something_else_is_odd(tmp_path: Path, line: str) -> None:
    found = taken(f"{review()}\n\n{line}\n\r\n{review()}\n", tmp_path)
    assert found is not None
    assert [row for row, _ in rows_of(found)] == [1, 5]
    assert found.odd.select("line", "position").rows() == [(3, 1)]


def test_rows_come_in_their_order_from_any_number_of_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BATCH", 16)
    times = [EARLIEST + 10**10 * (number * 7 % 300) for number in range(300)]
    found = taken("".join(review(user_id=f"u{at % 90}", timestamp=at) + "\n" for at in times), tmp_path, 9)
    assert found is not None
    assert [values["timestamp"] for _, values in rows_of(found)] == times
    months = [found.rows.month(month)["timestamp"].tolist() for month in found.rows.months()]
    assert all(len(set(pl.Series(month).cast(pl.Datetime("ms")).dt.strftime("%Y-%m"))) == 1 for month in months)
    assert sorted(itertools.chain(*months)) == sorted(times)
    assert all(sorted(month, key=times.index) == month for month in months)


def test_many_odd_lines_are_left_to_others(tmp_path: Path) -> None:
    some = [review(helpful=[1, 2])] * 1_000 + [review()] * 100
    assert taken("".join(f"{line}\n" for line in some), tmp_path) is not None
    assert taken("".join(f"{line}\n" for line in [*some, some[0]]), tmp_path) is None


def test_ids_that_do_not_fit_are_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "fits", lambda size, _each: size < 2**20)
    assert taken(review() + "\n", tmp_path) is not None
    assert taken("".join(review(user_id=f"u{number}") + "\n" for number in range(20_000)), tmp_path) is None


def imported(path: Path, out: Path) -> Dataset | str:
    """Import a file; where it is refused, return why."""
    try:
        import_source("amazon", path, "x", out, there="replace")
    except InvalidInput as error:
        return str(error)
    return open_dataset(out)


@given(st.lists(lines(), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_codes_and_text_give_the_same_data_set(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "Books.jsonl.gz"
    path.write_bytes(gzip.compress("".join(f"{text}\n" for text in [review(), *texts]).encode()))
    codes = imported(path, tmp_path / "codes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amazon, "read_coded", lambda *_, **__: None)
        words = imported(path, tmp_path / "words")
    if isinstance(codes, str) or isinstance(words, str):  # two lines, of which one has a time of no unit
        assert codes == words
        return
    same = ("rows", "rows_in", "users", "items", "catalogue", "quarantined", "time_range", "unit")
    one, two = codes.record("x"), words.record("x")
    assert {name: getattr(one, name) for name in same} == {name: getattr(two, name) for name in same}
    assert codes.rows("x").sort("position").collect().equals(words.rows("x").sort("position").collect())
    assert codes.items("x").equals(words.items("x"))
    assert codes.quarantine("x").equals(words.quarantine("x"))
