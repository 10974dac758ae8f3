"""A domain of a world: its items, what people do with them, what they are shown, and what changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from crossrec.core.errors import InvalidInput
from crossrec.core.event import check_kind
from crossrec.data.worlds.rules import at_least, between, positive, shares

__all__ = ["Arrivals", "Domain", "Films", "Prices", "Ratings", "Returns", "Shown", "Trend"]


@dataclass(frozen=True)
class Arrivals:
    """Users or items that come after the start, evenly over a time.

    Args:
        share: Of all, from 0 to 1.
        first: The first day on which one may come; None is the start of the world.
        last: The day until which all have come; None is the end of the world.
    """

    share: float = 0.0
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        between("share", self.share, 0, 0.95)
        if self.first and self.last and self.first >= self.last:
            raise InvalidInput(f"first: expected a day before last ({self.last}), got {self.first}")


@dataclass(frozen=True)
class Ratings:
    """How a rating follows from true relevance: lowest + (highest - lowest) x relevance + noise, on the scale.

    Args:
        lowest: Lowest rating.
        highest: Highest rating.
        step: Between two ratings.
        noise: Standard deviation of the normal noise, in units of the rating.
    """

    lowest: float = 1.0
    highest: float = 5.0
    step: float = 1.0
    noise: float = 0.5

    def __post_init__(self) -> None:
        positive("step", self.step)
        at_least("noise", self.noise, 0)
        if not self.lowest < self.highest:
            raise InvalidInput(f"lowest: expected less than highest ({self.highest:g}), got {self.lowest:g}")


@dataclass(frozen=True)
class Prices:
    """Prices of items, log-uniform in a range.

    Args:
        low: Lowest price.
        high: Highest price.
        sensitivity: A purchase at price p is less likely by (low / p) ** sensitivity.
    """

    low: float
    high: float
    sensitivity: float = 0.0

    def __post_init__(self) -> None:
        positive("low", self.low)
        between("sensitivity", self.sensitivity, 0, 3)
        if not self.low <= self.high < float("inf"):
            raise InvalidInput(f"high: expected at least low ({self.low:g}), got {self.high:g}")


@dataclass(frozen=True)
class Returns:
    """Purchases that are sent back.

    Args:
        share: Chance that a purchase is returned.
        days: At most so many days later, evenly; a return after the end of the world is not seen.
    """

    share: float = 0.1
    days: float = 14.0

    def __post_init__(self) -> None:
        between("share", self.share, 0, 1)
        positive("days", self.days)


@dataclass(frozen=True)
class Shown:
    """Lists that users are shown, under a logging policy whose chances are known.

    Places are filled one after the other without repeats; an item that has arrived has the weight
    (1 - exploration) x popularity ** power (as a share of all arrived) + exploration / number arrived, and its
    chance is its weight among the items that are not in the list yet. A user looks at place k (the first is 1)
    with the chance k ** -examination, and clicks what was looked at with the chance of its true relevance.

    Args:
        lists: Mean number of lists a user who is active in the domain.
        length: Items a list.
        power: Popularity bias of the policy; 0 is none.
        exploration: Share of even chances, > 0 so that every item may be shown.
        examination: Position bias; 0 is none.
    """

    lists: float = 1.0
    length: int = 10
    power: float = 1.0
    exploration: float = 0.1
    examination: float = 1.0

    def __post_init__(self) -> None:
        positive("lists", self.lists)
        between("length", self.length, 1, 1000)
        between("power", self.power, 0, 3)
        between("exploration", self.exploration, 1e-6, 1)
        between("examination", self.examination, 0, 5)


@dataclass(frozen=True)
class Trend:
    """A category that is taken more (or less) from a day on.

    Args:
        category: Its number, from 0.
        at: The day.
        factor: Its items are taken so many times as often, by the same relevance.
    """

    category: int
    at: date
    factor: float

    def __post_init__(self) -> None:
        at_least("category", self.category, 0)
        between("factor", self.factor, 0.01, 100)


@dataclass(frozen=True)
class Films:
    """What MovieLens has beside ratings; only the format movielens writes it.

    Args:
        tags: Rows of tags.csv.
        genome_tags: Tags of the genome.
        genome_films: Films of the genome.
    """

    tags: int = 0
    genome_tags: int = 0
    genome_films: int = 0

    def __post_init__(self) -> None:
        for name in ("tags", "genome_tags", "genome_films"):
            at_least(name, getattr(self, name), 0)


@dataclass(frozen=True)
class Domain:
    """One domain.

    A user meets items in proportion to their popularity and takes one with the chance of its true relevance,
    sigmoid(bias + slope x taste . item), times its trend and the effect of its price.

    Args:
        items: Items in the catalogue.
        interactions: Rows in all, without returns and shown lists.
        least: Fewest rows of a user who is active here.
        activity: Spread of users' numbers of rows (sigma of a log-normal).
        repeats: A user may take an item again.
        popularity: Exponent of popularity over rank: the k-th item is met as k ** -popularity.
        idle_items: Items of the catalogue that nobody ever takes.
        complete: Every other item is taken at least once.
        categories: Their number; items of a category are alike.
        bias: Of relevance.
        slope: Of relevance by taste.
        weight: How likely a user is active here, against other domains.
        kinds: Kind of interaction -> share of rows.
        ratings: The scale of "rate" and "review" rows.
        prices: None is no prices.
        returns: None is no returns; needs the kind "purchase".
        new_items: Items that come after the start.
        shown: None is no lists.
        trends: Of categories.
        films: Sizes that only MovieLens has.
    """

    items: int
    interactions: int
    least: int = 1
    activity: float = 1.0
    repeats: bool = False
    popularity: float = 0.8
    idle_items: int = 0
    complete: bool = False
    categories: int = 8
    bias: float = -0.5
    slope: float = 1.5
    weight: float = 1.0
    kinds: dict[str, float] = field(default_factory=lambda: {"rate": 1.0})
    ratings: Ratings = field(default_factory=Ratings)
    prices: Prices | None = None
    returns: Returns | None = None
    new_items: Arrivals = field(default_factory=Arrivals)
    shown: Shown | None = None
    trends: tuple[Trend, ...] = ()
    films: Films | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("items", 2, 2**31 - 1),
            ("interactions", 1, 10**11),
            ("least", 0, 10**6),
            ("categories", 1, 10_000),
            ("idle_items", 0, self.items - 2),
            ("activity", 0, 4),
            ("popularity", 0, 3),
            ("bias", -5, 5),
            ("slope", 0, 10),
        ):
            between(name, getattr(self, name), low, high)
        positive("weight", self.weight)
        self._check_kinds()
        for trend in self.trends:
            between("trends.category", trend.category, 0, self.categories - 1)
        if self.shown and self.shown.length > self.first_items // 2:
            raise InvalidInput(
                f"shown.length: expected at most half of the {self.first_items} items there are at the start, "
                f"got {self.shown.length}"
            )

    @property
    def living(self) -> int:
        """Items that somebody may take."""
        return self.items - self.idle_items

    @property
    def first_items(self) -> int:
        """Items that somebody may take from the start."""
        return max(1, self.living - round(self.living * self.new_items.share))

    def _check_kinds(self) -> None:
        for kind in self.kinds:
            check_kind(kind)
            if kind in ("return", "shown"):
                raise InvalidInput(f"kinds: expected what people do; rows of '{kind}' come from [returns] or [shown]")
        shares("kinds", self.kinds.values())
        if self.returns and not self.kinds.get("purchase"):
            raise InvalidInput("returns: expected a share of 'purchase' in kinds, got none")
