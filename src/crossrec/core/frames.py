"""Frames to arrays and back: the columns of a pandas or polars frame as codes, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

from crossrec.core.catalogue import Catalogue, join_ids
from crossrec.core.errors import InvalidInput, MissingExtra, suggestion
from crossrec.core.event import KINDS, NO_TIME, check_kind
from crossrec.core.vocabulary import Vocabulary, check_ids, id_series

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from crossrec.core.interactions import Interactions

__all__ = ["FrameLike", "arrays_of", "arrow_of", "frame_of", "pandas_of", "polars_frame"]

FrameLike: TypeAlias = "pl.DataFrame | Any"
"""A polars or pandas frame. pandas is no dependency, so its type cannot be named here."""

_ALIASES = {"user_id": ("user",), "item_id": ("item",), "timestamp": ("at",), "interaction_type": ("kind",)}
_TO_MS = {"s": 1_000.0, "ms": 1.0, "us": 0.001}
_SPLITS = {"train": 0, "valid": 1, "test": 2}


def arrays_of(
    frame: FrameLike, names: dict[str, str | None], unit: str, items: FrameLike | None, *, checked: bool = False
) -> dict[str, Any]:
    """Return the fields of `Interactions` as read from a frame.

    Args:
        frame: One interaction a row.
        names: Field in files -> column in the frame, None for the usual names.
        unit: "s", "ms" or "us", the unit of integer times.
        items: Columns about items, or None.
        checked: The ids went through the checks of an import, and users may be joined with their domain by now.

    Raises:
        InvalidInput: As `Interactions.from_frame`.
    """
    table = _renamed(polars_frame(frame), names)
    if table.height == 0:
        raise InvalidInput("interactions: expected at least one row, got an empty frame")
    table = _with_domains(table, checked=checked)
    user_ids, item_ids = Vocabulary.of(table["user_id"]), Vocabulary.of(table["item_id"])
    item_codes = item_ids.encode(table["item_id"])
    domain_ids = Vocabulary.of(table["domain"])
    domains = domain_ids.encode(table["domain"]).astype(np.int16)
    by_item = np.zeros(len(item_ids), dtype=np.int16)
    by_item[item_codes] = domains
    columns = None if items is None else _item_columns(polars_frame(items), item_ids, several=len(domain_ids) > 1)
    return {
        "users": user_ids.encode(table["user_id"]),
        "items": item_codes,
        "domains": domains,
        "times": _times(table, unit),
        "weights": _numbers(table, "weight", 1.0),
        "kinds": _kinds(table),
        "ratings": _numbers(table, "rating", np.nan),
        "positions": _positions(table),
        "splits": _splits(table),
        "user_ids": user_ids,
        "catalogue": Catalogue(item_ids, by_item, domain_ids, columns),
    }


def polars_frame(frame: FrameLike) -> pl.DataFrame:
    """Return a polars frame of a polars or pandas one.

    Raises:
        InvalidInput: It is neither, or a column cannot be read.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if type(frame).__module__.split(".")[0] != "pandas":
        raise InvalidInput(f"frame: expected a polars or pandas DataFrame, got {type(frame).__name__}")
    names = [str(name) for name in frame.columns]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InvalidInput(f"column '{repeated[0]}': expected each name once, got it {names.count(repeated[0])} times")
    return pl.DataFrame([_pandas_column(str(name), frame[name]) for name in frame.columns])


def frame_of(data: Interactions) -> pl.DataFrame:
    """Return interactions as a polars frame, the inverse of `arrays_of`; see `Interactions.to_polars`."""
    domains = data.catalogue.domain_names
    columns = {
        "user_id": data.user_ids.series.gather(data.users),
        "item_id": _native_ids(data.item_ids.series, several=len(domains) > 1).gather(data.items),
        "domain": pl.Series(domains, dtype=pl.Enum(domains)).gather(data.domains),
        "rating": pl.Series(data.ratings, nan_to_null=True),
        "timestamp": data.times,
        "interaction_type": pl.Series(KINDS, dtype=pl.Enum(KINDS)).gather(data.kinds),
        "weight": data.weights,
        "position": data.positions,
    }
    if data.splits is not None:
        columns["split"] = pl.Series(list(_SPLITS), dtype=pl.Enum(list(_SPLITS))).gather(data.splits)
    known = pl.when(pl.col("timestamp") != NO_TIME).then("timestamp")
    return pl.DataFrame(columns).with_columns(known.alias("timestamp"))


def pandas_of(frame: pl.DataFrame) -> pd.DataFrame:
    """Return a polars frame of interactions for pandas: nulls of integers are `NA`, of ratings NaN.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtra("to_pandas needs pandas: pip install pandas") from error
    made: dict[str, Any] = {}
    for column in frame:
        if isinstance(column.dtype, pl.Enum):
            categories = pd.Index(column.dtype.categories.to_list(), dtype=object)
            made[column.name] = pd.Categorical.from_codes(column.to_physical().to_numpy(), categories)
        elif column.name == "timestamp":
            values = column.fill_null(0).to_numpy()
            made[column.name] = pd.arrays.IntegerArray(values.copy(), column.is_null().to_numpy().copy())
        else:
            made[column.name] = column.to_numpy()
    return pd.DataFrame(made)


def arrow_of(frame: pl.DataFrame) -> pa.Table:
    """Return a polars frame of interactions as an Arrow table; numbers are not copied.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    try:
        return frame.to_arrow()
    except ModuleNotFoundError as error:
        raise MissingExtra("to_arrow needs pyarrow: pip install 'crossrec[arrow]'") from error


def _native_ids(ids: pl.Series, *, several: bool) -> pl.Series:
    """Write `books:a%3Ab` as the source wrote it, `a:b`; the inverse of `join_ids`."""
    if not several:
        return ids
    native = pl.col("id").str.replace("^[^:]*:", "")
    plain = native.str.replace_all("%3A", ":", literal=True).str.replace_all("%25", "%", literal=True)
    return pl.DataFrame({"id": ids}).select(plain).to_series()


def _pandas_column(name: str, column: Any) -> pl.Series:
    """Read one pandas column; a missing value of any kind becomes null."""
    values = column.to_numpy()
    if values.dtype.kind not in "OUT":
        return pl.Series(name, values, nan_to_null=values.dtype.kind == "f")
    missing = column.isna().to_numpy()
    plain = [None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)]
    try:
        return pl.Series(name, plain, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise InvalidInput(f"{name}: expected values of one type, got a mix; {error}") from error


def _renamed(table: pl.DataFrame, names: dict[str, str | None]) -> pl.DataFrame:
    """Give the columns the names that files use."""
    mapping: dict[str, str] = {}
    for field in (*names, "interaction_type"):
        wanted = names.get(field)
        if wanted is not None and wanted not in table.columns:
            raise _no_column(wanted, table)
        options = (wanted,) if wanted else (field, *_ALIASES.get(field, ()))
        found = next((name for name in options if name in table.columns), None)
        if found is None and field in ("user_id", "item_id"):
            raise _no_column(field, table)
        if found is not None:
            mapping[found] = field
    taken = [name for name in mapping.values() if name in table.columns and name not in mapping]
    table = table.drop(taken).rename(mapping)
    floats = [name for name in ("rating", "timestamp") if name in table.columns and table[name].dtype.is_float()]
    return table.with_columns(pl.col(name).fill_nan(None) for name in floats)


def _no_column(name: str, table: pl.DataFrame) -> InvalidInput:
    known = table.columns
    return InvalidInput(
        f"column '{name}': expected one of the frame's, which are {', '.join(known)}{suggestion(name, known)}"
    )


def _with_domains(table: pl.DataFrame, *, checked: bool) -> pl.DataFrame:
    """Fill in the domain, and write items as `domain:id` where there are several."""
    user, item = id_series("user_id", table["user_id"]), id_series("item_id", table["item_id"])
    if not checked:
        check_ids("user_id", user)
        check_ids("item_id", item)
    table = table.with_columns(user.alias("user_id"), item.alias("item_id"))
    if "domain" not in table.columns:
        return table.with_columns(pl.lit("main").alias("domain"))
    domain = id_series("domain", table["domain"]).cast(pl.String)
    if bad := [name for name in domain.unique().to_list() if not name or ":" in name]:
        raise InvalidInput(f"domain: expected a name without a colon, got {bad[0]!r}")
    if not checked:
        check_ids("domain", domain)
    table = table.with_columns(domain.alias("domain"))
    if domain.n_unique() > 1:
        table = table.with_columns(join_ids(pl.col("domain"), pl.col("item_id").cast(pl.String)).alias("item_id"))
    return table


def _item_columns(items: pl.DataFrame, item_ids: Vocabulary, *, several: bool) -> pl.DataFrame:
    """Bring columns about items into code order; items without a row get nulls."""
    items = _renamed(items.with_columns(pl.lit("").alias("user_id")), {"user_id": None, "item_id": None}).drop(
        "user_id"
    )
    items = items.with_columns(id_series("item_id", items["item_id"]).alias("item_id"))
    if several:
        if "domain" not in items.columns:
            raise InvalidInput("items: with several domains the items need a 'domain' column too")
        native = pl.col("item_id").cast(pl.String)
        items = items.with_columns(join_ids(pl.col("domain").cast(pl.String), native).alias("item_id"))
    order = pl.DataFrame({"item_id": item_ids.series})
    if items["item_id"].dtype != item_ids.series.dtype:
        raise InvalidInput(
            f"items: item_id is {items['item_id'].dtype} but {item_ids.series.dtype} in the interactions"
        )
    return order.join(items.unique("item_id", keep="first"), on="item_id", how="left", maintain_order="left")


def _numbers(table: pl.DataFrame, name: str, default: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Read a float column; a missing value becomes the default."""
    if name not in table.columns:
        return np.full(table.height, default, dtype=np.float32)
    if not (table[name].dtype.is_numeric() or table[name].dtype == pl.Null):
        raise InvalidInput(f"{name}: expected numbers, got {table[name].dtype}")
    values = table[name].cast(pl.Float32).fill_null(default).to_numpy().copy()
    if np.isinf(values).any() or (name == "weight" and np.isnan(values).any()):
        row = int(np.argmax(~np.isfinite(values)))
        raise InvalidInput(f"{name}: expected a finite number, got {values[row]} in row {row}")
    return values


def _times(table: pl.DataFrame, unit: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Read times as milliseconds UTC, and refuse a unit that the values contradict."""
    if unit not in _TO_MS:
        raise InvalidInput(f"unit: expected one of s, ms, us, got '{unit}'")
    if "timestamp" not in table.columns or table["timestamp"].null_count() == table.height:
        return np.full(table.height, NO_TIME, dtype=np.int64)
    column = table["timestamp"]
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Datetime("ms")).cast(pl.Int64).fill_null(NO_TIME).to_numpy().copy()
    if not column.dtype.is_numeric():
        raise InvalidInput(f"timestamp: expected integers in {unit} or datetimes, got {column.dtype}")
    values = (column.cast(pl.Float64) * _TO_MS[unit]).round() if unit != "ms" else column
    times = _integers("timestamp", values).fill_null(NO_TIME).to_numpy().copy()
    known = times[times != NO_TIME]
    middle = float(np.median(known))
    if not 1e11 < middle < 1e13 and len(known) and middle > 1e7:
        raise InvalidInput(
            f"timestamp: read as {unit}, the middle value {int(middle):,} ms lies outside 1973 to 2286; "
            "say unit='s', 'ms' or 'us'"
        )
    return times


def _kinds(table: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Read kinds as codes; without the column a row with a rating is "rate", any other "view"."""
    if "interaction_type" not in table.columns:
        rated = table["rating"].is_not_null().to_numpy() if "rating" in table.columns else np.zeros(table.height, bool)
        return np.where(rated, KINDS.index("rate"), KINDS.index("view")).astype(np.int8)
    kinds = table["interaction_type"].cast(pl.String).fill_null("view")
    for kind in kinds.unique().to_list():
        check_kind(kind)
    return kinds.replace_strict(list(KINDS), list(range(len(KINDS))), return_dtype=pl.Int8).to_numpy().copy()


def _positions(table: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Read the order within a user; without the column it is the order of the rows."""
    if "position" not in table.columns:
        return np.arange(table.height, dtype=np.int64)
    return _integers("position", table["position"]).fill_null(0).to_numpy().copy()


def _integers(name: str, column: pl.Series) -> pl.Series:
    """Read whole numbers, or refuse what is none."""
    try:
        if column.dtype == pl.String:
            raise InvalidInput(f"{name}: expected integers, got {column.dtype}")
        return column.cast(pl.Int64)
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{name}: expected integers below 2^63; {error}") from error


def _splits(table: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int8]] | None:
    """Read the source's split; None where there is none."""
    if "split" not in table.columns or table["split"].null_count() == table.height:
        return None
    names = table["split"].cast(pl.String)
    if bad := sorted(set(names.unique().to_list()) - set(_SPLITS), key=str):
        raise InvalidInput(f"split: expected train, valid or test in every row, got {bad[0]!r}")
    return names.replace_strict(list(_SPLITS), list(_SPLITS.values()), return_dtype=pl.Int8).to_numpy().copy()
