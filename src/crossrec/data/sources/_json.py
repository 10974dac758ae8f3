"""JSON lines to columns: a file is unpacked, checked and parsed in one pass, into the fields that are wanted."""

from __future__ import annotations

import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias

import polars as pl

from crossrec.data.intake.elsewhere import taken_apart, workers_called
from crossrec.data.intake.line_pass import newlines
from crossrec.data.intake.line_stream import LineStream, head_lines
from crossrec.data.intake.prescan import Entry, ScannedFile, prescan

__all__ = ["PLACES", "Fields", "Shape", "json_file", "keys_of", "of_lines", "together"]

Fields: TypeAlias = Mapping[str, pl.DataType]
"""Key of the JSON object -> type of its column: text, or lists and structs of text."""
Shape: TypeAlias = Callable[[pl.LazyFrame], pl.LazyFrame]
"""What is made of the columns, row by row: it must give the same whatever rows come together."""
PLACES = {"#file": pl.String(), "#line": pl.Int64(), "#problem": pl.String(), "#value": pl.String()}
"""Columns that say where a row stood and what is wrong with it."""

_THREADS = 2
_ROWS_A_FILE, _BYTES_A_FILE = 250_000, 2**27
_TABLE_BYTES = 2**22
_PIECE_BYTES = 2**19
"""Parsed at a time: the values of a larger piece do not fit the processor's caches, which costs tenfold."""
_ANY_OBJECT = pl.Struct({"a key that no line has, 6f1d0c52": pl.Null()})
"""Reads any object and none of its values; a key that a line has would be asked to be null."""
_KEY = re.compile(r'"([^"\\]+)"\s*:')


def json_file(
    entry: Entry,
    workspace: Path,
    fields: Fields,
    shape: Shape,
    *,
    encoding: str = "utf-8",
    types: Fields | None = None,
    rewrite: Callable[[pl.Series], pl.Series] | None = None,
) -> tuple[pl.LazyFrame, ScannedFile]:
    """Read a file of JSON lines once, and keep what is made of it as Parquet in the workspace.

    A line that is no JSON object is a problem. A number becomes text; a value of another shape than asked for
    becomes its JSON text where text is wanted, and null where a list or struct is. The text itself is never
    written to disk, and memory holds some megabytes of it, and rows up to a quarter of a million or 128 MB. Where
    an import has an engine's workers do this, they read the unpacked text instead.

    Args:
        entry: The file.
        workspace: A folder for the rows.
        fields: Key -> type. A key that a line does not have gives null.
        shape: From the fields and the columns of `PLACES` to the rows that are wanted.
        encoding: "utf-8" or "latin-1".
        types: What most values are, by key: blocks in which all are so are read by a parser three times as fast.
        rewrite: Makes JSON of lines that are not; None takes them as they are.

    Raises:
        InvalidInput: The file is empty, cut off, damaged, in another encoding, or changes while it is read.
    """
    if workers_called():
        text = prescan(entry, workspace, encoding=encoding)
        return taken_apart(
            text, partial(_apart, label=entry.label, fields=dict(fields), shape=shape, rewrite=rewrite)
        ), text
    stream = LineStream(entry, encoding=encoding)
    workspace.mkdir(parents=True, exist_ok=True)
    folder = workspace / f"{len(list(workspace.iterdir())):04}-{entry.name}"
    folder.mkdir()
    wanted = dict(fields)

    def shaped(first: int, block: bytes) -> pl.DataFrame:
        quick = None if types is None else _quick(first, block, entry.label, wanted, types)
        table = _parsed(first, block, entry.label, wanted, rewrite) if quick is None else quick
        return shape(table.lazy()).collect()

    paths: list[Path] = []
    held = [shape(pl.DataFrame(schema={**PLACES, **wanted}).lazy()).collect()]
    for frame in _in_order(stream, shaped):
        held.append(frame)
        if sum(part.height for part in held) >= _ROWS_A_FILE or sum(map(_size, held)) >= _BYTES_A_FILE:
            paths.append(_written(held, folder, len(paths)))
            held = []
    if held:
        paths.append(_written(held, folder, len(paths)))
    return pl.scan_parquet(paths, glob=False), stream.scanned


def keys_of(entry: Entry, *, encoding: str = "utf-8", lines: int = 100) -> list[str]:
    """Return the keys that the first lines have, nested ones too, in the order in which they appear.

    Raises:
        InvalidInput: The file is empty, damaged at its beginning, or in another encoding.
    """
    head = head_lines(entry, lines, encoding=encoding)
    return list(dict.fromkeys(key for line in head for key in _KEY.findall(line)))


def _in_order(stream: LineStream, shaped: Callable[[int, bytes], pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Parse blocks on some threads while the next are unpacked; frames come in the order of the file."""
    coming: deque[Future[pl.DataFrame]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for first, block in together(stream):
            coming.append(pool.submit(shaped, first, block))
            if len(coming) > _THREADS:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def together(stream: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Gather blocks to larger ones, each with the number of its first line."""
    held: list[bytes] = []
    start, size = 1, 0
    for first, block in stream:
        if not held:
            start = first
        held.append(block)
        size += len(block)
        if size >= _TABLE_BYTES:
            yield start, b"".join(held)
            held, size = [], 0
    if held:
        yield start, b"".join(held)


def _size(frame: pl.DataFrame) -> float:
    return frame.estimated_size()


def _written(frames: list[pl.DataFrame], folder: Path, number: int) -> Path:
    path = folder / f"{number:06}.parquet"
    pl.concat(frames).write_parquet(path, compression="lz4", statistics=False)
    return path


def _parsed(
    first: int,
    block: bytes,
    label: str,
    fields: dict[str, pl.DataType],
    rewrite: Callable[[pl.Series], pl.Series] | None,
) -> pl.DataFrame:
    """Parse a block of whole lines into one table."""
    lines = pl.read_lines(io.BytesIO(block), name="text")
    numbered = lines.with_columns(pl.int_range(first, first + lines.height, dtype=pl.Int64).alias("line"))
    return of_lines(numbered, label, fields, rewrite)


def _quick(first: int, block: bytes, label: str, fields: dict[str, pl.DataType], types: Fields) -> pl.DataFrame | None:
    """Parse a block of lines whose values are all there and of the types that are expected; None for any other."""
    try:
        table = pl.read_ndjson(block, schema={name: types.get(name, kind) for name, kind in fields.items()})
    except pl.exceptions.PolarsError:
        return None
    if table.height != newlines(block) or any(column.null_count() for column in table.get_columns()):
        return None
    return table.select(
        pl.lit(label).alias("#file"),
        pl.int_range(first, first + table.height, dtype=pl.Int64).alias("#line"),
        pl.lit(None, pl.String).alias("#problem"),
        pl.lit(None, pl.String).alias("#value"),
        *[pl.col(name).cast(kind) for name, kind in fields.items()],
    )


def _apart(
    lines: pl.LazyFrame,
    label: str,
    fields: dict[str, pl.DataType],
    shape: Shape,
    rewrite: Callable[[pl.Series], pl.Series] | None,
) -> pl.LazyFrame:
    """Parse `line` and `text` where they are."""
    parsed = lines.map_batches(
        partial(of_lines, label=label, fields=fields, rewrite=rewrite),
        schema=pl.Schema({**PLACES, **fields}),
        predicate_pushdown=False,
        projection_pushdown=False,
    )
    return shape(parsed)


def of_lines(
    lines: pl.DataFrame,
    label: str,
    fields: dict[str, pl.DataType],
    rewrite: Callable[[pl.Series], pl.Series] | None,
) -> pl.DataFrame:
    """Parse `line` and `text` of some lines into one table."""
    if rewrite is not None:
        lines = lines.with_columns(rewrite(lines["text"]).alias("text"))
    lines = lines.filter(pl.col("text") != "")
    if not lines.height:
        return pl.DataFrame(schema={**PLACES, **fields})
    objects = lines["text"].set(~lines["text"].str.starts_with("{"), None)
    rows = max(1, lines.height * _PIECE_BYTES // int(lines["text"].str.len_bytes().sum()))
    pieces = [_piece(objects[start : start + rows], fields) for start in range(0, lines.height, rows)]
    columns = pl.concat(pieces)
    places = lines.hstack([columns["#bad"]]).select(
        pl.lit(label).alias("#file"),
        pl.col("line").alias("#line"),
        pl.when("#bad").then(pl.lit("not a JSON object")).alias("#problem"),
        pl.when("#bad").then(pl.col("text").str.slice(0, 200)).alias("#value"),
    )
    return places.hstack(columns.drop("#bad").get_columns())


def _piece(text: pl.Series, fields: dict[str, pl.DataType]) -> pl.DataFrame:
    """Parse some lines into `#bad` and the fields."""
    try:
        values = text.str.json_decode(dtype=pl.Struct(fields))
        columns = values.struct.unnest()
    except pl.exceptions.PolarsError:
        text = _repaired(text)
        values = _bisected(text, _ANY_OBJECT)
        text = text.set(values.is_null(), None)
        columns = pl.DataFrame([_column(text, name, dtype) for name, dtype in fields.items()])
    return columns.insert_column(0, values.is_null().alias("#bad"))


def _repaired(text: pl.Series) -> pl.Series:
    """Put a question mark for each half of an emoji, which a cut text leaves and the fast parser refuses."""
    bad = text.is_not_null() & _bisected(text, _ANY_OBJECT).is_null()
    if not bad.any():
        return text
    lines = [_whole(line) if broken else line for line, broken in zip(text, bad, strict=True)]
    return pl.Series(text.name, lines, dtype=pl.String)


def _whole(line: str) -> str:
    """Write an object anew without halves of emojis; what is no object stays as it is."""
    try:
        value = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError):
        return line
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _refused(constant: str) -> float:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def _bisected(text: pl.Series, dtype: pl.Struct) -> pl.Series:
    """Decode what can be decoded; a line that cannot becomes null."""
    try:
        return text.str.json_decode(dtype=dtype)
    except pl.exceptions.PolarsError:
        if len(text) == 1:
            return pl.Series([None], dtype=dtype)
    half = len(text) // 2
    return pl.concat([_bisected(text[:half], dtype), _bisected(text[half:], dtype)])


def _column(text: pl.Series, name: str, dtype: pl.DataType) -> pl.Series:
    """Decode one key of lines that are all objects or null."""
    wanted = pl.Struct({name: dtype})
    try:
        return text.str.json_decode(dtype=wanted).struct.field(name)
    except pl.exceptions.PolarsError:
        if dtype != pl.String:
            return _bisected(text, wanted).struct.field(name)
    found = text.str.json_path_match(f"$['{name}']").alias(name)
    # That parser finds nothing in a line with half an emoji anywhere in it; the other reads such lines.
    rest = _bisected(text.set(found.is_not_null(), None), wanted).struct.field(name)
    return found.zip_with(found.is_not_null(), rest)
