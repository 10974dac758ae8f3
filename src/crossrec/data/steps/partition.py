"""Partition: each row gets its part, train, valid or test, in the column `split`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput, Refused, unknown_name
from crossrec.data.engine import LARGEST_CHANCE, Engine, Table, collected
from crossrec.data.step import ORDER, is_taste, of_user, with_places
from crossrec.data.steps._persons import IDENTITY, Held, part_of

__all__ = ["Partition"]

_SETTINGS = {
    "leave-last-out": ("over",),
    "global-time": ("validation_from", "test_from", "validation_quantile", "test_quantile"),
    "hash": ("validation_share", "test_share", "within", "over", "seed"),
    "given": ("validation", "validation_share", "over", "seed"),
    "new-users": ("validation_persons", "test_persons", "held_share", "fewest", "over", "seed"),
}
_COARSE = 2**32  # milliseconds, about 50 days


@dataclass(frozen=True)
class Partition:
    """Write a split; no row falls away, and `evaluate --protocol given` uses it.

    "leave-last-out", "global-time" and "given" with `validation="last"` cut as the functions of `data.split` do.
    "hash" is for "random", which draws from all rows at once: parts have the same sizes, but a row's draw follows
    from the row and the seed alone, so it is the same on every engine. Rows that say nothing about taste (returns,
    lists shown) are looked at by "global-time" only; the other protocols leave them in train, as models do.
    "new-users" keeps whole persons from training, of all domains at once: of each a share of the rows is test (or
    validation) and the others stay in train as the history to ask with; `given` with `persons=new` takes them so.
    As with "hash" persons and rows are drawn by themselves and the seed, and their numbers are those of the protocol.

    Args:
        protocol: "leave-last-out", "global-time", "hash", "given" or "new-users".
        validation_from: global-time: first moment of validation, milliseconds UTC; open takes the quantile.
        test_from: global-time: first moment of test, likewise.
        validation_quantile: global-time: share of rows before validation.
        test_quantile: global-time: share of rows before test.
        validation_share: hash, given: share for validation.
        test_share: hash: share for test.
        within: hash: "user" takes shares of each user's rows, rounded half up, and leaves one in train; "all" takes
            each row for itself, so that rows which come later move none.
        validation: given: where the source has no validation, "last" takes each user's last training row, "hash" a
            share of them, "none" none.
        validation_persons: new-users: how many persons, or below 1 their share of those with `fewest` rows.
        test_persons: new-users: likewise.
        held_share: new-users: share of a held person's rows that are asked for, rounded down, at least one.
        fewest: new-users: a person with fewer rows is learned from, >= 2.
        over: leave-last-out, hash, given: "domain" treats a user in each domain apart; "all" as one person, which
            new-users always does.
        seed: hash, given, new-users: fixes the draw.
    """

    protocol: str = "leave-last-out"
    validation_from: int | None = None
    test_from: int | None = None
    validation_quantile: float = 0.8
    test_quantile: float = 0.9
    validation_share: float = 0.1
    test_share: float = 0.1
    within: str = "user"
    validation: str = "last"
    validation_persons: float = 0.1
    test_persons: float = 0.1
    held_share: float = 0.2
    fewest: int = 5
    over: str = "domain"
    seed: int = 0
    why: ClassVar[str] = "nothing falls away"

    def __post_init__(self) -> None:
        if self.protocol == "new-users":
            object.__setattr__(self, "over", "all")

    @property
    def needs_order(self) -> bool:
        """Is it a protocol that takes each user's last rows?"""
        return self.protocol == "leave-last-out" or (self.protocol == "given" and self.validation == "last")

    def __call__(self, rows: Table, engine: Engine) -> Table:
        """Write the parts; see `Step.__call__`."""
        if self.protocol not in _SETTINGS:
            raise unknown_name("protocol for tables", self.protocol, _SETTINGS)
        self._check()
        if self.protocol == "leave-last-out":
            cut = self._last_out(rows)
        elif self.protocol == "global-time":
            cut = self._global_time(rows)
        elif self.protocol == "new-users":
            held = Held(self.validation_persons, self.test_persons, self.held_share, self.fewest, self.seed)
            cut = held.parts_of(rows, engine)
        else:
            cut = (self._hashed if self.protocol == "hash" else self._given)(rows, engine)
        return cut.select(rows.collect_schema().names())

    def _check(self) -> None:
        """Refuse settings out of range, and those of another protocol."""
        for name, default in {field.name: field.default for field in self.__dataclass_fields__.values()}.items():
            if name not in ("protocol", *_SETTINGS[self.protocol]) and getattr(self, name) != default:
                known = ", ".join(_SETTINGS[self.protocol])
                raise InvalidInput(f"protocol '{self.protocol}': no setting called '{name}'; there are: {known}")
        shares = self.validation_share, self.test_share
        if min(shares) < 0 or sum(shares) >= 1 or self.within not in ("user", "all"):
            raise InvalidInput(
                "partition: expected shares >= 0 that add up to less than 1 and within 'user' or 'all', "
                f"got {shares[0]}, {shares[1]} and '{self.within}'"
            )
        if not 0 < self.validation_quantile <= self.test_quantile < 1:
            raise InvalidInput(
                "partition: expected 0 < validation_quantile <= test_quantile < 1, "
                f"got {self.validation_quantile} and {self.test_quantile}"
            )
        if self.validation not in ("last", "hash", "none"):
            raise InvalidInput(f"partition: expected validation 'last', 'hash' or 'none', got '{self.validation}'")

    def _last_out(self, rows: Table) -> Table:
        user = of_user(self.over)
        _same_clock(rows, user)
        group = [*user, "#counts"]
        marked = rows.with_columns(is_taste().alias("#counts"))
        marked = with_places(marked, group)
        behind, enough = nw.col("#size") - nw.col("#place"), nw.col("#counts") & (nw.col("#size") >= 3)
        return marked.with_columns(part_of(test=enough & (behind == 0), valid=enough & (behind == 1)))

    def _global_time(self, rows: Table) -> Table:
        untimed = rows.filter(nw.col("timestamp").is_null()).group_by("domain").agg(nw.len().alias("rows"))
        if names := sorted(collected(untimed)["domain"].to_list()):
            raise Refused(f"protocol 'global-time' needs a time in every row; none in: {', '.join(names)}")
        liked = rows.filter(is_taste())
        cuts = [self.validation_from, self.test_from]
        for place, quantile in enumerate((self.validation_quantile, self.test_quantile)):
            if cuts[place] is None:
                cuts[place] = _moment_at(liked, quantile)
        first, second = cuts
        if first is None or second is None:
            raise Refused("protocol 'global-time' needs rows, and there are none that say something about taste")
        if first > second:
            raise InvalidInput(f"global-time: expected validation_from <= test_from, got {first} and {second}")
        time = nw.col("timestamp")
        return rows.with_columns(part_of(test=time >= second, valid=time >= first))

    def _hashed(self, rows: Table, engine: Engine) -> Table:
        drawn = engine.chance(rows, IDENTITY, "#chance", self.seed).with_columns(is_taste().alias("#counts"))
        chance, counts = nw.col("#chance"), nw.col("#counts")
        if self.within == "all":
            tested = int(self.test_share * LARGEST_CHANCE)
            held = int((self.test_share + self.validation_share) * LARGEST_CHANCE)
            return drawn.with_columns(part_of(test=counts & (chance < tested), valid=counts & (chance < held)))
        group = [*of_user(self.over), "#counts"]
        placed = with_places(drawn, group, ("#chance", *ORDER))
        tests = nw.min_horizontal(_half_up(self.test_share), nw.col("#size") - 1)
        placed = placed.with_columns(tests.alias("#tests"))
        valids = nw.min_horizontal(_half_up(self.validation_share), nw.col("#size") - 1 - nw.col("#tests"))
        placed = placed.with_columns(valids.alias("#valids"))
        place = nw.col("#place")
        test = counts & (place <= nw.col("#tests"))
        return placed.with_columns(part_of(test=test, valid=counts & (place <= nw.col("#tests") + nw.col("#valids"))))

    def _given(self, rows: Table, engine: Engine) -> Table:
        parts = set(collected(rows.select("split").unique())["split"].to_list())
        if None in parts or "test" not in parts:
            raise Refused("protocol 'given' needs a split with test rows from the source; take another protocol")
        if "valid" in parts or self.validation == "none":
            return rows
        user = of_user(self.over)
        order: tuple[str, ...] = ORDER
        marked = rows.with_columns(((nw.col("split") == "train") & is_taste()).alias("#counts"))
        if self.validation == "last":
            _same_clock(rows, user)
        else:
            marked, order = engine.chance(marked, IDENTITY, "#chance", self.seed), ("#chance", *ORDER)
        group = [*user, "#counts"]
        placed = with_places(marked, group, order)
        counts, size, place = nw.col("#counts"), nw.col("#size"), nw.col("#place")
        if self.validation == "last":
            valid = counts & (size > 1) & (place == size)
        else:
            valid = counts & (place <= nw.min_horizontal(_half_up(self.validation_share), size - 1))
        return placed.with_columns(nw.when(valid).then(nw.lit("valid")).otherwise(nw.col("split")).alias("split"))


def _half_up(share: float) -> nw.Expr:
    """Round a share of the group's rows, halves up; a hair is forgiven, as in `data.split`."""
    return (nw.col("#size").cast(nw.Float64()) * share + (0.5 + 1e-9)).floor().cast(nw.Int64())


def _moment_at(rows: Table, quantile: float) -> int | None:
    """Return the time of the row at a quantile, exactly, by counting moments twice: roughly, then within a span."""
    coarse = collected(
        rows.with_columns((nw.col("timestamp") // _COARSE).alias("#span")).group_by("#span").agg(nw.len().alias("rows"))
    ).sort("#span")
    place, before = int(quantile * int(coarse["rows"].sum())), 0
    for span, count in coarse.iter_rows():
        if place < before + count:
            inside = rows.filter((nw.col("timestamp") // _COARSE) == span)
            fine = collected(inside.group_by("timestamp").agg(nw.len().alias("rows"))).sort("timestamp")
            at = int((fine["rows"].cum_sum() + before <= place).sum())
            return int(fine["timestamp"][at])
        before += count
    return None


def _same_clock(rows: Table, user: list[str]) -> None:
    """Refuse users of whom some rows have a time and others none."""
    timed = (~nw.col("timestamp").is_null()).cast(nw.Int64())
    counted = rows.filter(is_taste()).group_by(user).agg(timed.min().alias("#least"), timed.max().alias("#most"))
    both = collected(counted.filter(nw.col("#least") != nw.col("#most")).select(nw.len().alias("users"))).item()
    if both:
        raise Refused(
            f"the order of the rows of {both} users is not known: some have a time and others none; "
            "split the domains one by one, or take 'hash'"
        )
