"""What every engine must do: one check a promise, public, so that outside engines can prove themselves.

Run a check with an open engine and an empty folder that it reads and writes: `CHECKS["keep_keeps"](engine, folder)`.
Steps are held to the rows that Polars gives for the same Parquet.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import narwhals as nw
import polars as pl

from crossrec.data.engine import LARGEST_CHANCE, Engine, Table, collected, having, height, open_engine
from crossrec.data.preparing.negatives import Negatives
from crossrec.data.schema import INTERACTIONS
from crossrec.data.step import create

__all__ = ["CHECKS", "STEP_CASES", "Check", "hard_rows"]

Check: TypeAlias = Callable[[Engine, Path], None]

STEP_CASES: dict[str, tuple[str, dict[str, str]]] = {
    "duplicates": ("duplicates", {}),
    "duplicates, pair": ("duplicates", {"same": "pair"}),
    "k_core": ("k_core", {"users": "3", "items": "3"}),
    "k_core, all": ("k_core", {"users": "9", "items": "2", "over": "all"}),
    "minimum_history": ("minimum_history", {"acts": "7"}),
    "bots": ("bots", {"a_day": "9", "an_hour": "5", "items": "11", "even": "0.6", "gaps": "4"}),
    "sessions": ("sessions", {"gap": "120", "over": "all"}),
    "leave-last-out": ("partition", {"protocol": "leave-last-out"}),
    "global-time": ("partition", {"protocol": "global-time", "validation_quantile": "0.7"}),
    "hash": ("partition", {"protocol": "hash", "test_share": "0.25", "seed": "3"}),
    "hash, all": ("partition", {"protocol": "hash", "within": "all", "over": "all"}),
    "given": ("partition", {"protocol": "given", "validation": "hash", "validation_share": "0.3"}),
    "new-users": ("partition", {"protocol": "new-users", "test_persons": "6", "held_share": "0.3", "seed": "2"}),
}
"""Name of a case -> a step and its settings."""
_TIMED_ONLY = ("sessions", "global-time", "leave-last-out")
_KNOWN = (5147599926305536750, 6745622432631146630, 7791629658978147447, 150687032359391038, 1628093746751525422)
_START = 1_559_340_000_000  # 2019-05-31, two hours before June in UTC


def hard_rows(*, untimed: bool = True) -> pl.DataFrame:
    """Return interactions that are hard to agree on.

    A domain is a checkerboard (even users have even items); a second is random, with ties of time, repeats, nulls
    in all that may be null, returns and lists shown, ids with quotes, letters beyond ASCII and more than 32 bytes.

    Args:
        untimed: Have rows without a time too, all of some users.
    """
    board = [
        _row("board", f"u{user}", f"i{item}", _START + 3_600_000 * (user + 3 * item), user * 20 + item)
        for user in range(14)
        for item in range(user % 2, 14, 2)
        if (user * item) % 5
    ]
    dice = random.Random(7)  # noqa: S311 - a fixed draw
    users = ["zoë 'x'", 'b"q', "日本", "Ann", "ann", "a/b=c", "x" * 40, "é", *[str(number) for number in range(30)]]
    wild = []
    for position in range(700):
        user = dice.choice(users)
        row = _row(
            "wild", user, f"i{int(dice.random() ** 2 * 25)}", _START + 1_800_000 * dice.randrange(0, 400), position
        )
        row["interaction_type"] = dice.choice(["rate", "rate", "click", "return", "shown"])
        row["rating"] = dice.choice([None, 3.5, 5.0])
        row["context"] = dice.choice([None, "{}", ' { "device": "tv"} ', '{"a":{"b":"}"}}'])
        row["split"] = dice.choice(["train", "train", "train", "test"])
        if untimed and user in ("Ann", "3", "7"):
            row["timestamp"] = None
        wild += [row] if dice.random() < 0.9 else [row, {**row, "position": position + 10_000}]
    return pl.DataFrame(board + wild, schema=INTERACTIONS)


def _row(domain: str, user: str, item: str, time: int, position: int) -> dict[str, object]:
    found: dict[str, object] = dict.fromkeys(INTERACTIONS)
    found |= {"domain": domain, "user_id": user, "item_id": item, "timestamp": time, "position": position}
    return found | {"interaction_type": "rate", "weight": 1.0, "split": "train" if position % 4 else "test"}


def _written(rows: pl.DataFrame, folder: Path, name: str = "rows") -> Path:
    path = folder / f"{name}.parquet"
    rows.write_parquet(path)
    return path


def _sorted(table: Table | pl.DataFrame) -> pl.DataFrame:
    frame = table if isinstance(table, pl.DataFrame) else collected(table)
    texts = frame.with_columns(pl.col(pl.Enum).cast(pl.String))
    return texts.sort(texts.columns)


def _same(found: Table | pl.DataFrame, expected: Table | pl.DataFrame) -> None:
    """Compare rows whatever their order, values exactly, and names of columns."""
    left, right = _sorted(found), _sorted(expected)
    assert left.columns == right.columns, (left.columns, right.columns)
    assert left.height == right.height, f"{left.height} rows, expected {right.height}"
    different = [name for name in left.columns if not left[name].equals(right[name].cast(left[name].dtype))]
    assert not different, f"columns {different} differ: {left.select(different)} {right.select(different)}"


def check_scan_reads_files_and_folders(engine: Engine, folder: Path) -> None:
    """Files and folders are one table; a month in a folder's name is no column; enumerations are text."""
    rows = hard_rows()
    place = folder / "month=2019-05"
    place.mkdir()
    paths = [_written(rows[:300], folder), _written(rows[300:], place)]
    _same(engine.scan([paths[0], place]), rows)
    assert dict(engine.scan(paths).collect_schema())["split"] == nw.String()


def check_odd_names_are_names(engine: Engine, folder: Path) -> None:
    """Stars, brackets and spaces in a path mean themselves."""
    place = folder / "a [1] *{x} é"
    place.mkdir()
    _written(hard_rows()[5:], folder, "a 1 x")
    _same(engine.scan([_written(hard_rows()[:5], place, "odd name")]), hard_rows()[:5])


def check_keep_keeps(engine: Engine, folder: Path) -> None:
    """What is kept can be read again and again, after its source is gone too; also no rows."""
    path = _written(hard_rows(), folder)
    kept = engine.keep(engine.scan([path]).filter(nw.col("domain") == "wild"))
    none = engine.keep(engine.scan([path]).filter(nw.col("domain") == "none"))
    path.unlink()
    for _ in range(2):
        _same(kept, hard_rows().filter(pl.col("domain") == "wild"))
    assert height(none) == 0 and none.collect_schema().names() == list(INTERACTIONS)


def check_having_takes_rows_by_their_keys(engine: Engine, folder: Path) -> None:
    """Rows whose key is among some, and all others, are the rows; keys that no row has are no rows."""
    rows = hard_rows()
    some = rows.select("domain", "user_id").unique().sort("user_id")[::2]
    more = pl.concat([some, pl.DataFrame({"domain": ["wild"], "user_id": ["nobody"]})])
    table, keys = engine.scan([_written(rows, folder)]), engine.scan([_written(more, folder, "keys")])
    _same(having(engine, table, keys, ["domain", "user_id"]), rows.join(some, on=["domain", "user_id"], how="semi"))
    others = having(engine, table, keys, ["domain", "user_id"], there=False)
    _same(others, rows.join(some, on=["domain", "user_id"], how="anti"))


def check_sink_writes_months(engine: Engine, folder: Path) -> None:
    """A part has the rows of one month, UTC; rows without a time have their own."""
    rows = hard_rows()
    engine.sink(engine.scan([_written(rows, folder)]), folder / "out")
    month = pl.from_epoch("timestamp", time_unit="ms").dt.strftime("%Y-%m").fill_null("none")
    expected = {
        key[0]: part.drop("month")
        for key, part in rows.with_columns(month=month).partition_by("month", as_dict=True).items()
    }
    found = {path.name: path for path in (folder / "out").iterdir()}
    assert set(found) == {f"month={name}" for name in expected} and {"2019-05", "2019-06", "none"} <= set(expected)
    for name, part in expected.items():
        files = sorted(found[f"month={name}"].glob("*.parquet"))
        _same(pl.read_parquet(files, hive_partitioning=False), part)


def check_chance_is_known(engine: Engine, folder: Path) -> None:
    """The numbers are those of XXH64, so they never change with an engine or a release."""
    rows = pl.DataFrame({"a": ["", "a", None, "日本", "x" * 71], "b": [1, -2, 3, None, 2**40]})
    drawn = engine.chance(engine.scan([_written(rows, folder)]), ["a", "b"], "c", 5)
    known = dict(zip(rows["a"], _KNOWN, strict=True))
    assert dict(collected(drawn.select("a", "c")).iter_rows()) == known


def check_chance_is_even(engine: Engine, folder: Path) -> None:
    """Numbers fill the range evenly, and another seed gives others."""
    rows = engine.scan([_written(pl.DataFrame({"a": [f"user {n}" for n in range(4_000)]}), folder)])
    drawn = collected(engine.chance(engine.chance(rows, ["a"], "c", 1), ["a"], "d", 2))
    shares = [(column / LARGEST_CHANCE) for column in (drawn["c"], drawn["d"])]
    for share in shares:
        counts = (share * 10).floor().value_counts()["count"].to_list()
        assert len(counts) == 10 and 320 < min(counts) <= max(counts) < 480, counts
    correlation = drawn.select(pl.corr(pl.col("c").cast(pl.Float64), pl.col("d").cast(pl.Float64))).item()
    assert abs(correlation) < 0.06 and drawn["c"].n_unique() == 4_000


def check_negatives_agree(engine: Engine, folder: Path) -> None:
    """Draws and their probabilities are those of Polars, to the last bit."""
    path = _written(hard_rows(), folder)
    draws = Negatives(per_positive=2, power=0.75, tries=5, seed=4)
    with closing(open_engine("polars", _under(folder, "polars"))) as plain:
        expected = draws(plain.scan([path]), plain, _under(folder, "a"))
        found = draws(engine.scan([path]), engine, _under(folder, "b"))
        assert (found.wanted, found.short) == (expected.wanted, expected.short)
        _same(found.table, expected.table)


def check_closing_twice_is_closing(engine: Engine, folder: Path) -> None:
    """A second close does nothing."""
    engine.close()
    engine.close()


def _under(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _step_check(case: str) -> Check:
    def check(engine: Engine, folder: Path) -> None:
        name, settings = STEP_CASES[case]
        path = _written(hard_rows(untimed=case not in _TIMED_ONLY), folder)
        step = create(name, settings)
        with closing(open_engine("polars", _under(folder, "polars"))) as plain:
            expected = collected(step(plain.scan([path]), plain))
        _same(step(engine.scan([path]), engine), expected)
        assert expected.height > 0, "the case says nothing"

    check.__doc__ = f"The step gives the rows that Polars gives: {case}."
    return check


CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")
} | {f"step {case}": _step_check(case) for case in STEP_CASES}
"""Name of the promise -> its check."""
