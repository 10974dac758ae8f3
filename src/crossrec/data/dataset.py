"""Open a data set on disk, and read it as Interactions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from crossrec.core.catalogue import join_ids
from crossrec.core.errors import CorruptBundle, InvalidInput, unknown_name
from crossrec.core.event import NO_ORDER, NOT_TASTE
from crossrec.core.frames import arrays_of
from crossrec.core.interactions import Interactions
from crossrec.data.exchange.datasets import dataset_folder
from crossrec.data.linking.links import Links, read_links
from crossrec.data.manifest import DomainRecord, Manifest, Part, read_manifest
from crossrec.data.schema import INTERACTIONS, TIES
from crossrec.data.storing.budget import require, rows_within, within
from crossrec.data.storing.parts import scan
from crossrec.data.storing.quarantine import refused_in

__all__ = ["Dataset", "open_dataset"]

_VERSION_AT = re.compile(r"(.+)@([0-9a-f]{8,64})")
_ROW_BYTES, _BATCH_BYTES = 200, 400
"""What a row takes while it becomes `Interactions`, and in a batch with the one that is read behind it."""

_USED = ["user_id", "item_id", "rating", "timestamp", "position", "split", "domain", "interaction_type", "weight"]
_NAMES: dict[str, str | None] = dict.fromkeys(("user_id", "item_id", "rating", "timestamp"))


@dataclass(frozen=True)
class Dataset:
    """A folder of Parquet by domain with a manifest.

    Args:
        path: The folder.
        manifest: What is in it.
    """

    path: Path
    manifest: Manifest

    @cached_property
    def links(self) -> Links:
        """Which accounts of different domains are one person; see `crossrec.data.linking`."""
        return read_links(self.path)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains' names, sorted."""
        return tuple(sorted(self.manifest.domains))

    def record(self, domain: str) -> DomainRecord:
        """Return what the manifest says about a domain.

        Raises:
            NotFound: No such domain; the message has the nearest.
        """
        if domain not in self.manifest.domains:
            raise unknown_name("domain", domain, self.domains)
        return self.manifest.domains[domain]

    def files(self, domain: str) -> list[Path]:
        """Return the Parquet parts with the interactions of a domain, by month."""
        return [self.path / part.path for part in self.record(domain).parts["interactions"]]

    def rows(self, domain: str) -> pl.LazyFrame:
        """Return the interactions of a domain in the unified schema, with ids as in the source."""
        return scan(self.files(domain))

    def batches(self, domain: str, memory: int | None = None) -> Iterator[pl.DataFrame]:
        """Give the interactions of a domain in the unified schema, some at a time, in the order of the parts.

        Args:
            domain: Its name.
            memory: Bytes that the reading may take; None is 1.5 GB.
        """
        with within(memory):
            size = rows_within(_BATCH_BYTES)
        yield from self.rows(domain).collect_batches(chunk_size=size, maintain_order=True, engine="streaming")

    def items(self, domain: str) -> pl.DataFrame:
        """Return all that is known about the items of a domain, with ids as in the source."""
        return self._table(domain, "items", pl.Schema({"item_id": pl.String()}))

    def users(self, domain: str) -> pl.DataFrame:
        """Return all that is known about the users of a domain; without a row where nothing is."""
        return self._table(domain, "users", pl.Schema({"user_id": pl.String()}))

    def ties(self, domain: str) -> pl.DataFrame:
        """Return the ties between users of a domain: user_id, other_id, tie, weight."""
        return self._table(domain, "ties", TIES)

    def quarantine(self, domain: str) -> pl.DataFrame:
        """Return the rows of a domain that were refused: file, row, column, reason, value."""
        return self.refused(domain).collect()

    def refused(self, domain: str) -> pl.LazyFrame:
        """Return the same to be asked for some of them: there may be more than memory holds."""
        return refused_in(self.record(domain).parts.get("quarantine", ()), self.path)

    def interactions(self, domains: Sequence[str] | None = None) -> Interactions:
        """Read some domains into memory for models; see `batches` for what does not fit.

        With one domain, ids are exactly those of the source. With several an item is `domain:id`, a user
        of a domain with its own users likewise, and a user of domains that share users keeps the id: there,
        the same id is one person. Accounts that are linked are one user with the person's id. The catalogue has
        the items with an interaction. Kinds that do not say that someone liked an item (returns, lists shown)
        stay on disk: `rows` has them.

        Args:
            domains: Names; None takes all.

        Raises:
            NotFound: No such domain.
            InvalidInput: No domain, one named twice, or two persons under one id.
            CorruptBundle: A part is damaged in a way that its size does not show.
            OutOfBudget: A budget was stated (`--memory`) and the rows do not fit it.
        """
        names = list(self.domains if domains is None else domains)
        if not names or len(set(names)) != len(names):
            raise InvalidInput(f"domains: expected one or more different names, got {names}")
        records = [self.record(name) for name in names]
        require(_ROW_BYTES * sum(record.rows for record in records), f"reading {', '.join(names)} into memory")
        split = all(record.has_split for record in records)
        wanted = _USED if split else [name for name in _USED if name != "split"]
        several = len(names) > 1
        liked = ~pl.col("interaction_type").cast(pl.String).is_in(NOT_TASTE)
        frames = [self._persons(name, several=several).filter(liked).select(wanted) for name in names]
        frames = [
            frame if record.has_order or record.has_times else frame.with_columns(position=pl.lit(NO_ORDER, pl.Int64))
            for frame, record in zip(frames, records, strict=True)
        ]
        try:
            rows = pl.concat(frames).collect(engine="streaming")
            if several:
                self._refuse_collisions(names)
            items = [self.items(name).with_columns(pl.lit(name).alias("domain")) for name in names]
        except (pl.exceptions.PolarsError, OSError) as error:
            raise CorruptBundle(
                f"{self.path}: a part of {', '.join(names)} is damaged ({error}); "
                f"`crossrec data check {self.path}` names it; import it again"
            ) from error
        catalogue = pl.concat(items, how="diagonal_relaxed")
        about = catalogue if several else catalogue.drop("domain")
        return Interactions(**arrays_of(rows, _NAMES, "ms", about, checked=True))

    def linked(self, domain: str) -> pl.DataFrame:
        """Return user_id and person_id of the accounts of a domain that are linked to a person."""
        return self.links.of_domain(self.record(domain), domain, self.manifest.domains)

    def persons(self, domain: str) -> pl.DataFrame:
        """Return user_id, the ids of a domain's persons, as several domains read together have them."""
        rows = self._persons(domain, several=True)
        return rows.select(pl.col("user_id").unique()).collect(engine="streaming")

    def _persons(self, name: str, *, several: bool) -> pl.LazyFrame:
        """Return the rows of a domain with users written as persons, and in `#kind` whose word that is."""
        rows, record = self.rows(name), self.record(name)
        if not several:
            return rows
        user = join_ids(pl.col("domain"), pl.col("user_id")) if record.users_are == "own" else pl.col("user_id")
        rows = rows.join(self.linked(name).lazy(), on="user_id", how="left", maintain_order="left")
        kind = pl.when(pl.col("person_id").is_null()).then(pl.lit(record.users_are)).otherwise(pl.lit("linked"))
        return rows.with_columns(pl.coalesce("person_id", user).alias("user_id"), kind.alias("#kind"))

    def _refuse_collisions(self, names: list[str]) -> None:
        """Make sure that no two persons have one id: a shared user, a domain's own, one of a link."""
        users = pl.concat([self._persons(name, several=True).select("user_id", "#kind") for name in names]).unique()
        double = users.group_by("user_id").agg(pl.col("#kind").sort()).filter(pl.col("#kind").list.len() > 1)
        same = double.sort("user_id").head(1).collect(engine="streaming")
        if same.height:
            user, kinds = same.row(0)
            words = {"own": "a domain's own user", "shared": "a shared user", "linked": "a linked person"}
            raise InvalidInput(
                f"user '{user}': expected one person under one id, got {' and '.join(words[kind] for kind in kinds)} "
                "of that name; import the shared domain with other user ids, or link to other person ids"
            )

    def _table(self, domain: str, kind: str, schema: pl.Schema) -> pl.DataFrame:
        """Read a table beside the interactions; one that was never written is empty."""
        parts = self.record(domain).parts.get(kind, ())
        if not parts:
            return pl.DataFrame(schema=schema)
        return pl.concat([pl.read_parquet(self.path / part.path, glob=False) for part in parts], how="diagonal_relaxed")


def open_dataset(path: str | Path, version: str = "") -> Dataset:
    """Open a data set and check that its parts are those of its manifest.

    Sizes, columns and row counts are compared here; `crossrec.data.check.check` compares hashes too.

    Args:
        path: The folder that `import_source` wrote; one at `s3://`, `gs://` or `az://` is copied into the cache first.
            `folder@1a2b3c4d` names a version as well.
        version: Hash of an older version, or at least its first 8 characters; empty takes the newest.

    Raises:
        NotFound: There is no data set, or no such version.
        InvalidInput: It was written by an older release; `crossrec data upgrade` brings it up to date.
        CorruptBundle: The manifest is damaged or newer, or a part is missing or another one.
    """
    if not version:
        path, version = _with_version(path)
    folder = dataset_folder(path, version)
    manifest = read_manifest(folder, version)
    for record in manifest.domains.values():
        for parts in record.parts.values():
            for part in parts:
                _same_file(folder / part.path, part)
        _same_table(folder, record)
    return Dataset(folder, manifest)


def _with_version(path: str | Path) -> tuple[str | Path, str]:
    """Take the version off a path that ends with one and is no folder itself."""
    found = _VERSION_AT.fullmatch(str(path))
    if found is None or Path(path).exists():
        return path, ""
    return (found[1] if isinstance(path, str) else Path(found[1])), found[2]


def _same_file(path: Path, part: Part) -> None:
    """Refuse a part that is missing or has another size than the manifest says."""
    size = path.stat().st_size if path.is_file() else None
    if size is None or size != part.size:
        came = "no file" if size is None else f"{size} bytes"
        raise CorruptBundle(f"{path}: expected {part.size} bytes as the manifest says, got {came}; import it again")


def _same_table(folder: Path, record: DomainRecord) -> None:
    """Refuse a first part of interactions with other columns or another number of rows than the manifest says."""
    for part in record.parts.get("interactions", ())[:1]:  # thousands of footers would take a second
        path = folder / part.path
        try:
            rows = scan([path])
            schema, count = rows.collect_schema(), rows.select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise CorruptBundle(
                f"{path}: expected a Parquet file, got a damaged one ({error}); import it again"
            ) from error
        if schema != INTERACTIONS or count != part.rows:
            raise CorruptBundle(
                f"{path}: expected {part.rows} rows with the columns of the schema, got {count} with "
                f"{', '.join(schema.names())}; import it again"
            )
