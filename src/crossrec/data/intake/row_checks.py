"""Check rows and give them the schema's types; a row that breaks a rule gets its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.core.event import KINDS, MAX_ID_BYTES
from crossrec.data.schema import INTERACTIONS, KIND_TYPE, QUARANTINE, SPLIT_TYPE
from crossrec.data.source import Rules

__all__ = ["EARLIEST", "LATEST", "WHOLE_UNITS", "checked", "kept", "refused", "settle_unit"]

EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000)
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Times outside are refused: they are damage, or another unit."""
WHOLE_UNITS = {"s": 1_000, "ms": 1}
"""Milliseconds of one step of the units that are no shorter."""
_PER_MS = {"s": 0.001, "ms": 1.0, "us": 1_000.0, "ns": 1_000_000.0}
UNITS = (*_PER_MS, "iso", "auto")
_SAMPLE = 65_536
_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%m/%d/%Y %H:%M", "%m %d, %Y", "%Y%m%d")
_CONTROL = r"[\x00-\x1f\x7f]"
_POSITION_UNKNOWN = -(2**40)


@dataclass(frozen=True)
class _Check:
    """One rule: the rows that break it, why, and where the value stood."""

    broken: pl.Expr
    reason: str | pl.Expr
    column: str | pl.Expr
    value: pl.Expr


def settle_unit(rows: pl.LazyFrame, rules: Rules) -> str:
    """Find the unit of a source's times by the size of the middle value, and hold it against what was stated.

    Args:
        rows: As `Reading.rows`.
        rules: `unit` is what the source or the user names, or "auto".

    Returns:
        "s", "ms", "us", "ns" or "iso"; "ms" where there are no times.

    Raises:
        InvalidInput: The data contradict the stated unit; the message has a row and the date it would be.
    """
    stated = rules.unit
    if stated not in UNITS:
        raise InvalidInput(f"unit: expected one of {', '.join(UNITS)}, got '{stated}'")
    schema = rows.collect_schema()
    if "timestamp" not in schema or schema["timestamp"].is_temporal():
        return "ms"
    head = rows.select("file", "line", "timestamp").head(_SAMPLE).collect(engine="streaming").drop_nulls()
    if schema["timestamp"] == pl.String:
        head = head.filter(pl.col("timestamp") != "")
    sample = head["timestamp"]
    numbers = sample.cast(pl.Float64, strict=False).drop_nulls()
    written = len(numbers) * 2 < len(sample) and stated in ("iso", "auto")
    if written or not len(numbers):
        if stated not in ("iso", "auto") and len(sample):
            raise InvalidInput(
                f"{head['file'][0]}, row {head['line'][0]}, column timestamp: expected a number of {stated}, got "
                f"{str(sample[0])[:40]!r}" + ("; is it iso?" if rules.unit_is_option else "")
            )
        return "iso"
    middle = float(numbers.sort()[len(numbers) // 2])
    fitting = [unit for unit, factor in _PER_MS.items() if EARLIEST <= middle / factor < LATEST]
    if stated in fitting or (stated == "iso" and not fitting):
        return stated
    if stated == "auto" and fitting:
        return fitting[0]
    odd = head.filter(sample.cast(pl.Float64, strict=False) == middle).row(0, named=True)
    place = f"{odd['file']}, row {odd['line']}, column timestamp"
    raise InvalidInput(f"{place}: {_contradiction(rules, middle, fitting)}")


def _contradiction(rules: Rules, middle: float, fitting: list[str]) -> str:
    """Say what the middle value would mean in the stated unit, and which unit fits."""
    stated = rules.unit
    meant = "no date"
    if stated in _PER_MS:
        try:
            meant = datetime.fromtimestamp(middle / _PER_MS[stated] / 1000, tz=UTC).date().isoformat()
        except (OverflowError, ValueError, OSError):
            meant = "a year beyond 9999"
    advice = "it fits no unit: is this the time column?"
    if fitting:
        how = "say" if rules.unit_is_option else "this source's files have another; read it with source tables and"
        advice = f"it fits {fitting[0]}: {how} unit={fitting[0]}"
    return (
        f"expected times from 1990 to 2100; read as {stated}, the middle value {middle:.0f} would be {meant}; {advice}"
    )


def checked(rows: pl.LazyFrame, rules: Rules, domain: str) -> pl.LazyFrame:
    """Return the rows with the schema's columns and `#reason`, `#column`, `#value`, `#file`, `#row`.

    Args:
        rows: As `Reading.rows`; with the times' unit settled in `rules.unit`.
        rules: What a row must keep.
        domain: The domain's name.
    """
    have = set(rows.collect_schema().names())
    types = rows.collect_schema()
    rules = replace(rules, unit="ms") if "timestamp" in have and types["timestamp"].is_temporal() else rules
    typed = rows if "position" in have else rows.with_row_index("position")
    typed = typed.with_columns(pl.col("position").alias("#position"))
    columns = {
        "user_id": _id("user_id", types),
        "item_id": _id("item_id", types),
        "rating": _number("rating", have, types).cast(pl.Float32, strict=False),
        "timestamp": _time(have, types, rules.unit),
        "position": _position("position" in have, types),
        "split": pl.col("split").cast(SPLIT_TYPE, strict=False) if "split" in have else pl.lit(None, SPLIT_TYPE),
        "domain": pl.lit(domain),
        "interaction_type": _kind("interaction_type" in have, rules.kind),
        "weight": _number("weight", have, types, 1.0).cast(pl.Float32, strict=False),
        "context": pl.col("context") if "context" in have else pl.lit(None, pl.String),
    }
    with_types = typed.select(
        "file",
        "line",
        *[expression.alias(f"={name}") for name, expression in columns.items()],
        *[pl.col(name) for name in rows.collect_schema().names() if name not in ("file", "line")],
    )
    code, reason, column, value = _verdict(list(_checks(rules, have, types)))
    return with_types.select(
        *[pl.col(f"={name}").alias(name) for name in INTERACTIONS],
        pl.col("file").alias("#file"),
        pl.col("line").alias("#row"),
        code.alias("#broken"),
        reason.alias("#reason"),
        column.alias("#column"),
        value.alias("#value"),
    )


def kept(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of `checked` that keep all rules, in the schema's columns, with `#file`."""
    return rows.filter(~pl.col("#broken")).select(*INTERACTIONS, "#file")


def refused(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of `checked` that break a rule, in the quarantine's columns."""
    return rows.filter(pl.col("#broken")).select([pl.col(f"#{name}").alias(name) for name in QUARANTINE])


def _verdict(checks: list[_Check]) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Chain the checks: the first that a row breaks gives its reason."""
    none = pl.lit(None, pl.String)
    reason, column, value = none, none, none
    for check in reversed(checks):
        why = pl.lit(check.reason) if isinstance(check.reason, str) else check.reason
        where = pl.lit(check.column) if isinstance(check.column, str) else check.column
        reason = pl.when(check.broken).then(why).otherwise(reason)
        column = pl.when(check.broken).then(where).otherwise(column)
        value = pl.when(check.broken).then(check.value.cast(pl.String).str.slice(0, 200)).otherwise(value)
    broken = pl.any_horizontal([check.broken.fill_null(value=False) for check in checks])
    return broken, reason, column, value


def _checks(rules: Rules, have: set[str], types: pl.Schema) -> Iterable[_Check]:
    """List all rules, in the order in which they are held against a row."""
    if "problem" in have:
        yield _Check(
            pl.col("problem").is_not_null(), pl.col("problem"), pl.col("problem_column"), pl.col("problem_value")
        )
    for name in ("user_id", "item_id"):
        yield from _id_checks(name, plain=rules.plain_ids or types[name] == pl.UInt32, number=types[name] == pl.UInt32)
    if "rating" in have:
        yield from _rating_checks(rules.rating, types["rating"], optional=rules.unrated)
    if "timestamp" in have:
        given, time = pl.col("timestamp"), pl.col("=timestamp")
        yield _Check(_missing("timestamp", types), "timestamp is missing", "timestamp", given)
        yield _Check(time.is_null(), "timestamp is no time", "timestamp", given)
        outside = (time < EARLIEST) | (time >= LATEST)
        yield _Check(outside, "timestamp outside 1990 to 2100", "timestamp", given)
    if "interaction_type" in have:
        unknown = pl.col("=interaction_type").is_null()
        yield _Check(unknown, "interaction_type is unknown", "interaction_type", pl.col("interaction_type"))
    if "weight" in have:
        weight = pl.col("=weight")
        bad = weight.is_null() | ~weight.is_finite() | (weight <= 0)
        yield _Check(bad, "weight is not above 0", "weight", pl.col("weight"))
    if "split" in have:
        yield _Check(pl.col("=split").is_null(), "split is not train, valid or test", "split", pl.col("split"))
    if "position" in have:
        given = pl.col("position")
        bad = pl.col("=position").is_null() & ~_missing("position", types)
        yield _Check(bad, "position is not a whole number", "position", given)
    if "context" in have and not rules.own_context:
        text = pl.col("context")
        bad = text.is_not_null() & (~text.str.starts_with("{") | text.str.json_path_match("$").is_null())
        yield _Check(bad, "context is not a JSON object", "context", text)


def _id(name: str, types: pl.Schema) -> pl.Expr:
    """Take an id as text, but leave the numbers of a simpler parser, which become text when they are written."""
    return pl.col(name) if types[name] == pl.UInt32 else pl.col(name).cast(pl.String)


def _id_checks(name: str, *, plain: bool, number: bool) -> Iterable[_Check]:
    value = pl.col(f"={name}")
    missing = value.is_null() if number else value.is_null() | (value == "")
    yield _Check(missing, f"{name} is missing", name, value)
    if not plain:
        yield _Check(value.str.len_bytes() > MAX_ID_BYTES, f"{name} is longer than {MAX_ID_BYTES} bytes", name, value)
        yield _Check(value.str.contains(_CONTROL), f"{name} has a newline or control character", name, value)


def _rating_checks(
    limits: tuple[float, float] | None, dtype: pl.DataType, *, optional: bool = False
) -> Iterable[_Check]:
    given, rating = pl.col("rating"), pl.col("=rating")
    missing = given.is_null() | (given == "") if dtype == pl.String else given.is_null()
    if not optional:
        yield _Check(missing, "rating is missing", "rating", given)
    yield _Check(rating.is_null() & ~missing, "rating is not a number", "rating", given)
    yield _Check(rating.is_nan(), "rating is NaN", "rating", given)
    if limits is None:
        yield _Check(rating.is_infinite(), "rating is not finite", "rating", given)
    else:
        low, high = limits
        reason = f"rating outside {low:g} to {high:g}"
        yield _Check((rating < low) | (rating > high), reason, "rating", given)


def _missing(name: str, types: pl.Schema) -> pl.Expr:
    given = pl.col(name)
    return given.is_null() | (given == "") if types[name] == pl.String else given.is_null()


def _number(name: str, have: set[str], types: pl.Schema, default: float | None = None) -> pl.Expr:
    """Read a number from text or a numeric column."""
    if name not in have:
        return pl.lit(default, pl.Float32)
    given = pl.col(name)
    if types[name] == pl.String:
        return given.str.strip_chars().cast(pl.Float64, strict=False)
    return given.cast(pl.Float64, strict=False) if types[name] != pl.Float32 else given


def _kind(given: bool, default: str) -> pl.Expr:
    if default not in KINDS:
        raise InvalidInput(f"kind: expected one of {', '.join(KINDS)}, got '{default}'")
    if not given:
        return pl.lit(default).cast(KIND_TYPE)
    return pl.col("interaction_type").cast(pl.String).cast(KIND_TYPE, strict=False)


def _position(given: bool, types: pl.Schema) -> pl.Expr:
    """Read the order within a user; a row whose place is unknown comes before all others."""
    value = pl.col("position").cast(pl.Int64, strict=False)
    if not given:
        return value
    first = _POSITION_UNKNOWN + pl.col("line")
    return pl.when(_missing("position", types)).then(first).otherwise(value)


def _time(have: set[str], types: pl.Schema, unit: str) -> pl.Expr:
    """Read times as milliseconds UTC."""
    if "timestamp" not in have:
        return pl.lit(None, pl.Int64)
    given, dtype = pl.col("timestamp"), types["timestamp"]
    if dtype.is_temporal():
        return given.cast(pl.Datetime("ms")).cast(pl.Int64)
    if unit == "iso":
        return _dated(given.cast(pl.String))
    whole = given.cast(pl.Int64, strict=False)
    if dtype == pl.String:
        whole = pl.coalesce(whole, given.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False))
    if unit == "s":
        largest = 2**63 // 1000
        return (
            pl.when(whole.is_between(-largest, largest - 1))
            .then(whole)
            .when(whole < 0)
            .then(-largest)
            .when(whole > 0)
            .then(largest)
            * 1000
        )
    return whole if unit == "ms" else whole // int(_PER_MS[unit])


def _dated(text: pl.Expr) -> pl.Expr:
    """Read written dates; without an offset they are UTC."""
    text = text.str.strip_chars().str.replace("T", " ", literal=True).str.replace(r"Z$", "+00:00")
    naive = pl.coalesce(*[text.str.to_datetime(form, time_unit="ms", strict=False) for form in _FORMATS])
    offset = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", time_unit="ms", time_zone="UTC", strict=False)
    return pl.coalesce(naive.cast(pl.Int64), offset.cast(pl.Int64))
