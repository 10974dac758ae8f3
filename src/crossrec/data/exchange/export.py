"""Write a data set elsewhere: as it is, or as CSV or JSON lines for other tools."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset
from crossrec.data.exchange.datasets import publish_dataset
from crossrec.data.exchange.places import bucket_at, is_remote
from crossrec.data.exchange.tree import Entry, entries_in, send
from crossrec.data.linking.links import LINKS
from crossrec.data.manifest import MANIFEST, VERSIONS
from crossrec.data.storing.transaction import disk_errors, workspace_beside

__all__ = ["FORMATS", "INDEX", "Exported", "export_dataset"]

FORMATS = ("parquet", "csv", "jsonl")
INDEX = "export.json"
"""Name of the file that lists what a CSV or JSON lines export holds; written last."""
_Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        where: The folder or address.
        form: "parquet", "csv" or "jsonl".
        version: The version of the data set.
        files: Files that make it up.
        size: Bytes of them.
        kept: Of these, files that were there already.
    """

    where: str
    form: str
    version: str
    files: int
    size: int
    kept: int

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return asdict(self)


def export_dataset(
    data: Dataset,
    where: str | Path,
    *,
    form: str = "parquet",
    domains: Sequence[str] | None = None,
    replace: bool = False,
    prune: bool = False,
    progress: _Told | None = None,
) -> Exported:
    """Write a data set to a folder or an object store; a reader there sees all of it or nothing.

    `parquet` is the data set itself, with its links: it can be opened there again, and parts that are there are not
    copied again.
    `csv` and `jsonl` are a folder a domain with `interactions`, `items`, `users`, `ties` and `quarantine`, those that
    have rows, and `export.json` with the rows and hashes of all; lists in CSV are JSON.

    Args:
        data: An open data set.
        where: A folder of this machine, or s3://, gs://, az://.
        form: One of `FORMATS`.
        domains: Only these, for csv and jsonl; None takes all.
        replace: Take the place of another csv or jsonl export.
        prune: For parquet in an object store: take other versions there away.
        progress: Told of every file.

    Raises:
        NotFound: No such domain.
        InvalidInput: Unknown format, or there is something already.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer, or the disk is full.
    """
    if form not in FORMATS:
        raise InvalidInput(f"format: expected {', '.join(FORMATS)}, got '{form}'")
    names = list(data.domains if domains is None else domains)
    for name in names:
        data.record(name)
    if form == "parquet" and domains is not None:
        raise InvalidInput("domains: parquet is the whole data set; choose domains for csv or jsonl")
    draft = Path(tempfile.gettempdir(), "export") if is_remote(where) else Path(where)
    with disk_errors(draft, "the export"):
        if form == "parquet":
            return _as_it_is(data, where, prune=prune, progress=progress)
        with workspace_beside(draft) as made:
            rows = _tables(data, names, made / "export", form, progress)
            return _put(data, made / "export", where, form, replace=replace, rows=rows, progress=progress)


def _as_it_is(data: Dataset, where: str | Path, *, prune: bool, progress: _Told | None) -> Exported:
    """Publish the data set, or copy it to another folder."""
    version = data.manifest.version
    records = data.manifest.domains.values()
    parts = [part for record in records for kind in record.parts.values() for part in kind]
    size = sum(part.size for part in parts)
    if is_remote(where):
        moved = publish_dataset(data.path, where, version=version, prune=prune, progress=progress)
        return Exported(str(where), "parquet", version, len(parts), size, moved.kept)
    target = Path(where)
    _refuse_something(target, replace=False)
    with workspace_beside(target) as made:
        draft = made / "data"
        for count, part in enumerate(parts, 1):
            (draft / part.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data.path / part.path, draft / part.path)
            if progress:
                progress("copying", count, len(parts))
        if (data.path / LINKS).is_file():
            shutil.copyfile(data.path / LINKS, draft / LINKS)
        (draft / VERSIONS).mkdir(parents=True)
        for name in (f"{VERSIONS}/{version}.json", MANIFEST):
            shutil.copyfile(data.path / VERSIONS / f"{version}.json", draft / name)
        draft.rename(target)
    return Exported(str(target), "parquet", version, len(parts), size, 0)


def _tables(data: Dataset, names: Sequence[str], folder: Path, form: str, progress: _Told | None) -> dict[str, int]:
    """Write the tables of some domains, and return the rows of each file."""
    rows: dict[str, int] = {}
    for count, name in enumerate(names, 1):
        beside = {kind: getattr(data, kind)(name) for kind in ("items", "users", "ties", "quarantine")}
        tables = {"interactions": data.rows(name), **{kind: table.lazy() for kind, table in beside.items()}}
        for kind, table in tables.items():
            path = folder / name / f"{kind}.{form}"
            height = data.record(name).rows if kind == "interactions" else beside[kind].height
            if not height:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if form == "csv":
                _flat(table).sink_csv(path)
            else:
                table.sink_ndjson(path)
            rows[f"{name}/{kind}.{form}"] = height
        if progress:
            progress("writing", count, len(names))
    return rows


def _flat(table: pl.LazyFrame) -> pl.LazyFrame:
    """Write lists and records as JSON, since CSV has none."""
    nested = [name for name, kind in table.collect_schema().items() if kind.is_nested()]
    return table.with_columns(_as_json(name) for name in nested)


def _as_json(name: str) -> pl.Expr:
    """Encode a column; the library encodes records only, so one is made around it and cut off again."""
    around = f"{{{json.dumps(name, ensure_ascii=False)}:"
    text = pl.struct(name).struct.json_encode().str.strip_prefix(around).str.strip_suffix("}")
    return pl.when(pl.col(name).is_not_null()).then(text).alias(name)


def _put(
    data: Dataset,
    folder: Path,
    where: str | Path,
    form: str,
    *,
    replace: bool,
    rows: dict[str, int],
    progress: _Told | None,
) -> Exported:
    """Bring finished tables to their place, their index last."""
    entries = entries_in(folder)
    index = _index(data, form, entries, rows)
    size = sum(entry.size for entry in entries)
    if not is_remote(where):
        target = Path(where)
        _refuse_something(target, replace=replace)
        (folder / INDEX).write_text(index, encoding="utf-8")
        if target.exists():
            target.rename(folder.with_name("old"))
        folder.rename(target)
        return Exported(str(target), form, data.manifest.version, len(entries), size, 0)
    bucket = bucket_at(where)
    there = bucket.listed()
    if there and not (replace and INDEX in there):
        raise InvalidInput(_taken(str(bucket.place)))
    if there:
        bucket.delete([INDEX, *(name for name in there if name != INDEX)])
    send(bucket, folder, entries, progress=progress)
    bucket.put(INDEX, index.encode())
    return Exported(str(bucket.place), form, data.manifest.version, len(entries), size, 0)


def _index(data: Dataset, form: str, entries: Sequence[Entry], rows: dict[str, int]) -> str:
    """Describe an export."""
    files = [{**asdict(entry), "rows": rows[entry.name]} for entry in entries]
    content = {"format": form, "version": data.manifest.version, "files": files}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _refuse_something(target: Path, *, replace: bool) -> None:
    """Refuse a place that holds something; an export of ours may be replaced."""
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists() and not (replace and (target / INDEX).is_file()):
        raise InvalidInput(_taken(str(target)))


def _taken(where: str) -> str:
    return (
        f"'{where}': expected nothing there, found something; name another place, or say --replace over an older export"
    )
