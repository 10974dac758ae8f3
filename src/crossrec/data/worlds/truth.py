"""The truth of a world beside its data: written as plain arrays and Parquet, read without running anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Doubles, Times
from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound, unknown_name
from crossrec.data.worlds.goods import Goods
from crossrec.data.worlds.people import People, tastes
from crossrec.data.worlds.reading import world_of
from crossrec.data.worlds.showing import examination, policy
from crossrec.data.worlds.world import World

__all__ = ["Truth", "as_table", "open_truth", "write_items", "write_users"]

_BLOCK = 65_536
_ITEM_ARRAYS = ("factors", "category", "popularity", "arrival", "price")
_WORLD = "world.json"


def as_table(world: World) -> dict[str, Any]:
    """Return a world as JSON can have it; days as text, what is not there left out."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if one is not None}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value.isoformat() if isinstance(value, date) else value

    found: dict[str, Any] = plain(asdict(world))
    return found


def write_users(folder: Path, world: World, crowd: People) -> None:
    """Write the world and its users: arrivals, whose taste changes, tastes with their parts; in blocks of users."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _WORLD).write_text(json.dumps(as_table(world), indent=1), encoding="utf-8")
    _save(folder / "user_arrival.npy", crowd.arrival)
    _save(folder / "user_changes.npy", crowd.changes)
    shape = (world.users, world.factors)
    shared = _new(folder / "user_shared.npy", shape)
    private, later = [], []
    for place, name in enumerate(world.domains):
        (folder / name).mkdir(exist_ok=True)
        _save(folder / name / "user_rows.npy", crowd.counts[place])
        private.append(_new(folder / name / "user_private.npy", shape))
        later.append(_new(folder / name / "user_later.npy", shape))
    for first in range(0, world.users, _BLOCK):
        drawn = tastes(world, first, crowd.changes[first : first + _BLOCK])
        _append(shared, drawn.shared)
        for place in range(len(world.domains)):
            _append(private[place], drawn.private[place])
            _append(later[place], drawn.later[place])


def write_items(folder: Path, world: World, name: str, things: Goods) -> None:
    """Write a domain's items, and how its lists are looked at."""
    for part in _ITEM_ARRAYS:
        _save(folder / name / f"item_{part}.npy", getattr(things, part))
    shown = world.domains[name].shown
    if shown:
        _save(folder / name / "examination.npy", examination(shown))


@dataclass(frozen=True)
class Truth:
    """The truth of a simulated data set. Users and items are meant by number: 0 is the first; see `numbers`.

    Args:
        folder: `…/truth`.
        world: What was simulated.
    """

    folder: Path
    world: World

    def numbers(self, ids: Sequence[str] | pl.Series) -> Times:
        """Return int64[N] numbers of users or items by their ids in any of the formats."""
        found = pl.Series(ids, dtype=pl.String).str.extract(r"(\d+)$").cast(pl.Int64) - 1
        if found.null_count():
            raise InvalidInput(f"ids: expected ids of this world, got '{ids[int(found.is_null().arg_max() or 0)]}'")
        return found.to_numpy()

    def users(self, part: str) -> NDArray[Any]:
        """Return an array of all users: "arrival" (seconds), "changes" (bool) or "shared" (U x D)."""
        return self._array(f"user_{part}")

    def items(self, domain: str, part: str) -> NDArray[Any]:
        """Return an array of a domain's items: factors, category, popularity, arrival (seconds) or price."""
        return self._array(f"item_{part}", domain)

    def taste(self, domain: str, users: Times, *, changed: Bools | bool = False) -> Doubles:
        """Return float64[N, D]: tastes before the change, or after it where `changed`."""
        early = self._array("user_shared")[users] + self._array("user_private", domain)[users]
        after = np.broadcast_to(changed, (len(users),))
        found = np.where(after[:, None], self._array("user_later", domain)[users], early)
        return np.asarray(found, dtype=np.float64)

    def relevance(self, domain: str, users: Times, items: Times, *, at: Times | int | None = None) -> Doubles:
        """Return float64[N], the chance that a user who meets (or looks at) an item takes (or clicks) it.

        Args:
            domain: Its name.
            users: Int64[N] numbers.
            items: Int64[N] numbers.
            at: Milliseconds since 1970, for worlds in which tastes change; None is before the change.
        """
        one, change = self._domain(domain), self.world.taste_change
        changed: Bools | bool = False
        if change and at is not None:
            changed = np.asarray(at) >= 1000 * self.world.second(change.at)
        taste = self.taste(domain, np.asarray(users), changed=changed)
        factors = np.asarray(self.items(domain, "factors")[items], dtype=np.float64)
        return np.asarray(1 / (1 + np.exp(-(one.bias + one.slope * np.einsum("nd,nd->n", taste, factors)))))

    def chance(self, domain: str, items: Times, at: int) -> Doubles:
        """Return float64[N], the logging policy's chance to put each item in the first place at a time.

        Args:
            domain: One that shows lists.
            items: Int64[N] numbers.
            at: Milliseconds since 1970: the policy knows the items that have arrived; others have the chance 0.
        """
        one = self._domain(domain)
        if one.shown is None:
            raise InvalidInput(f"domain '{domain}': it shows no lists, so there is no policy")
        parts = {part: self.items(domain, part) for part in _ITEM_ARRAYS}
        things = Goods(**parts, living=one.living)
        arrived = int(np.searchsorted(things.arrival[: one.living], at // 1000, side="right"))
        found = np.zeros(one.items)
        found[:arrived] = policy(one.shown, things, arrived)
        return np.asarray(found[items])

    def examination(self, domain: str) -> Doubles:
        """Return float64[length], the chance that a user looks at each place of a list."""
        return np.asarray(self._array("examination", domain))

    def shown(self, domain: str) -> pl.LazyFrame:
        """Return the places of all lists: user, list, place, item, timestamp, chance, examined, relevance, clicked."""
        files = sorted((self.folder / domain / "shown").glob("*.parquet"))
        if not files:
            raise NotFound(f"domain '{domain}': no lists were shown")
        return pl.scan_parquet(files, glob=False)

    def _domain(self, name: str) -> Any:
        if name not in self.world.domains:
            raise unknown_name("domain", name, self.world.domains)
        return self.world.domains[name]

    def _array(self, name: str, domain: str = "") -> NDArray[Any]:
        path = self.folder / domain / f"{name}.npy"
        if domain:
            self._domain(domain)
        if not path.is_file():
            raise NotFound(f"no file '{path}'; the truth has {', '.join(p.stem for p in path.parent.glob('*.npy'))}")
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return found


def open_truth(path: Path | str) -> Truth:
    """Open the truth beside a simulated data set.

    Args:
        path: The folder that was simulated into, or its `truth`.

    Raises:
        NotFound: There is no truth.
        CorruptBundle: Its description is damaged.
    """
    folder = Path(path)
    folder = folder / "truth" if (folder / "truth" / _WORLD).is_file() else folder
    file = folder / _WORLD
    if not file.is_file():
        raise NotFound(f"no truth in '{path}': expected truth/{_WORLD}, as `crossrec data simulate` writes it")
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptBundle(f"{file}: expected JSON, got {error}") from error
    return Truth(folder, world_of(table, str(file)))


def _save(path: Path, values: NDArray[Any]) -> None:
    np.save(path, values, allow_pickle=False)


def _new(path: Path, shape: tuple[int, int]) -> Path:
    """Begin an array of float32 whose rows come later."""
    with path.open("wb") as stream:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
    return path


def _append(path: Path, rows: NDArray[Any]) -> None:
    with path.open("ab") as stream:
        stream.write(np.ascontiguousarray(rows, dtype="<f4").tobytes())
