"""Import a public data set: read, check, set bad rows aside, and write Parquet with a manifest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.data.dataset import INTERACTIONS_FILE, ITEMS_FILE, QUARANTINE_FILE
from crossrec.data.intake.duplicates import repeats
from crossrec.data.intake.prescan import file_hash
from crossrec.data.intake.quarantine import counts_by_reason, join, refused_frame
from crossrec.data.intake.row_checks import checked, kept, refused, settle_unit
from crossrec.data.manifest import MANIFEST, DomainRecord, Manifest, read_manifest, write_manifest
from crossrec.data.schema import check_domain
from crossrec.data.source import Reading, create

__all__ = ["ImportSummary", "import_source"]


@dataclass(frozen=True)
class ImportSummary:
    """What an import did; `rows_in` = `rows` + the rows quarantined.

    Args:
        domain: The domain that was written.
        path: The data set's folder.
        record: What the manifest now says about the domain.
    """

    domain: str
    path: Path
    record: DomainRecord

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, for JSON."""
        return {"domain": self.domain, "path": str(self.path), **asdict(self.record)}

    def __str__(self) -> str:
        found = self.record
        taken = f"{self.domain}: {found.rows:,} of {found.rows_in:,} rows taken"
        lines = [f"{taken}, {found.users:,} users, {found.items:,} items"]
        lines += [f"  quarantined {count:,}: {reason}" for reason, count in found.quarantined.items()]
        lines += [f"  items, quarantined {count:,}: {reason}" for reason, count in found.items_quarantined.items()]
        return "\n".join(lines)


def import_source(
    source: str,
    path: str | Path,
    domain: str,
    out: str | Path,
    *,
    options: Mapping[str, str] | None = None,
    shared_users: bool = False,
    replace: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ImportSummary:
    """Import one public data set as one domain of a data set on disk.

    Either all of it is written or nothing: a failed import leaves what was there before.

    Args:
        source: Name of the format: "movielens", "amazon", …
        path: The file, folder or zip that was downloaded.
        domain: Name of the domain: a lower-case letter, then letters, digits, `_`, `-`.
        out: The data set's folder; made where there is none.
        options: The source's options, as text.
        shared_users: The same user id in another shared domain is the same person.
        replace: Take the place of a domain that is there.
        progress: Called with the name of each step when it starts.

    Raises:
        NotFound: No such source or file.
        InvalidInput: A file is damaged or has other columns, an option is unknown, all rows were refused,
            or the domain is there and `replace` is false.
        Unavailable: The disk refuses.
    """
    told = progress or (lambda _step: None)
    folder = Path(out)
    check_domain(domain)
    domains = dict(read_manifest(folder).domains) if (folder / MANIFEST).exists() else {}
    if domain in domains and not replace:
        raise InvalidInput(f"domain '{domain}': it is in '{folder}' already; say replace to take its place")
    reader = create(source, options or {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=folder) as name:
            workspace = Path(name)
            told("scanning")
            reading = reader.read(Path(path), workspace / "text")
            fresh = workspace / "domain"
            fresh.mkdir()
            told("checking and writing")
            record = _written(reading, domain, fresh, told)
            record = _described(record, source, options or {}, reading, shared_users=shared_users)
            _put(folder, domain, fresh, workspace / "old", Manifest({**domains, domain: record}))
    except OSError as error:
        if isinstance(error, InvalidInput | Unavailable):
            raise
        raise Unavailable(f"'{folder}': the data set could not be written ({error})") from error
    return ImportSummary(domain, folder, record)


def _written(reading: Reading, domain: str, fresh: Path, told: Callable[[str], None]) -> DomainRecord:
    """Write the three files of a domain and count what is in them."""
    target = fresh / INTERACTIONS_FILE
    rows_in, refused_rows, rows = _sink(reading, domain, target)
    told("looking for duplicates")
    places = rows.filter(~pl.col("#broken")).select("#file", "#row")
    given = reading.rows.collect_schema().names()
    doubles = refused_frame() if reading.repeats else repeats(target, fresh / "unique.parquet", places, given)
    away = join([reading.refused, refused_rows, doubles])
    told("counting")
    counted = _counted(target)
    if not counted["rows"]:
        first = away.row(0, named=True) if away.height else {}
        raise InvalidInput(
            f"{reading.files[0].name}: expected rows to take, got none of {rows_in}; the first was refused: row "
            f"{first.get('row')}, column '{first.get('column')}', {first.get('reason')}, value {first.get('value')!r}"
        )
    occurring, items = _catalogue(reading, target, fresh / ITEMS_FILE)
    join([away, reading.item_refused]).write_parquet(fresh / QUARANTINE_FILE, compression="zstd")
    return DomainRecord(
        source="",
        options={},
        files=[asdict(file) for file in reading.files],
        written={},
        rows_in=rows_in + reading.refused.height,
        rows=counted["rows"],
        quarantined=counts_by_reason(away),
        users=counted["users"],
        items=occurring,
        catalogue=items,
        items_quarantined=counts_by_reason(reading.item_refused),
        time_range=None if counted["untimed"] == counted["rows"] else [counted["first"], counted["last"]],
        has_times=counted["untimed"] == 0,
        has_ratings=counted["unrated"] == 0,
        has_split=counted["unsplit"] == 0,
    )


def _sink(reading: Reading, domain: str, target: Path) -> tuple[int, pl.DataFrame, pl.LazyFrame]:
    """Write the good rows; return how many rows there were, the bad ones, and all as checked."""
    unit = _unit(reading)
    rules = replace(reading.rules, unit=unit)
    if reading.fast is not None and unit != "iso":
        lines = reading.fast.with_columns(pl.col("line").alias("position"))
        try:
            rows = checked(lines, rules, domain)
            _parquet(kept(rows), target)
        except pl.exceptions.PolarsError:
            pass  # a field that does not fit its type: the slow way finds out which
        else:
            if _height(target) == reading.expected:
                return reading.expected, refused_frame(), rows
    rows = checked(reading.rows, rules, domain)
    _parquet(kept(rows), target)
    bad = refused(rows).collect(engine="streaming")
    if reading.private:
        bad = bad.with_columns(pl.when(pl.col("column") != "").then(pl.col("value")).alias("value"))
    return _height(target) + bad.height, bad, rows


def _unit(reading: Reading) -> str:
    """Settle the unit of the times, by the fast rows where they can be read."""
    if reading.fast is not None:
        try:
            return settle_unit(reading.fast, reading.rules.unit)
        except pl.exceptions.PolarsError:
            pass  # as in _sink: the exact rows decide
    return settle_unit(reading.rows, reading.rules.unit)


def _parquet(rows: pl.LazyFrame, target: Path) -> None:
    rows.sink_parquet(target, compression="zstd", compression_level=1, statistics=False)


def _height(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _counted(target: Path) -> dict[str, int]:
    """Count users, rows and missing values, and find the first and last time."""
    rows = pl.scan_parquet(target, glob=False)
    users = rows.select(pl.col("user_id").n_unique()).collect(engine="streaming").item()
    found: dict[str, int] = (
        rows.select(
            pl.len().alias("rows"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
            pl.col("timestamp").null_count().alias("untimed"),
            pl.col("rating").null_count().alias("unrated"),
            pl.col("split").null_count().alias("unsplit"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return {"users": int(users), **found}


def _catalogue(reading: Reading, target: Path, path: Path) -> tuple[int, int]:
    """Write the items, those described and those that occur, each once; count those that occur, and all."""
    seen = pl.scan_parquet(target, glob=False).select("item_id").unique().collect(engine="streaming")
    known = pl.DataFrame(schema={"item_id": pl.String}) if reading.items is None else reading.items
    known = known.filter(pl.col("item_id").is_not_null(), pl.col("item_id") != "")
    known = known.unique("item_id", keep="first", maintain_order=True)
    extra = seen.join(known.select("item_id"), on="item_id", how="anti").sort("item_id")
    items = pl.concat([known, extra], how="diagonal")
    items.write_parquet(path, compression="zstd")
    return seen.height, items.height


def _described(
    record: DomainRecord, source: str, options: Mapping[str, str], reading: Reading, *, shared_users: bool
) -> DomainRecord:
    """Say where the rows came from."""
    return replace(
        record,
        source=source,
        options=dict(options),
        licence=reading.licence,
        private=reading.private,
        has_order=reading.ordered or record.has_times,
        users_are="shared" if shared_users else "own",
    )


def _put(folder: Path, domain: str, fresh: Path, old: Path, manifest: Manifest) -> None:
    """Move the new files in and name them in the manifest; on any failure the old ones come back."""
    written: dict[str, dict[str, str | int]] = {
        file.name: {"size": file.stat().st_size, "sha256": file_hash(file), "rows": _height(file)}
        for file in sorted(fresh.iterdir())
    }
    record = replace(manifest.domains[domain], written=written)
    place = folder / domain
    if place.exists():
        place.rename(old)
    try:
        fresh.rename(place)
        write_manifest(folder, Manifest({**manifest.domains, domain: record}))
    except BaseException:
        if place.exists():
            shutil.rmtree(place)
        if old.exists():
            old.rename(place)
        raise
