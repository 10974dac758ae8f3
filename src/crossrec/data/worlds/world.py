"""A world: who is in it, how tastes go together, when things happen; frozen, checked, and read from TOML."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput, suggestion
from crossrec.data.schema import check_domain
from crossrec.data.worlds.domain import Arrivals, Domain
from crossrec.data.worlds.rules import at_least, between, one_of, positive, shares

__all__ = ["WEEKDAYS", "Burst", "Rhythm", "TasteChange", "World"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Rhythm:
    """When people are active; each wave is 1 + size x cosine, the highest at its peak.

    Args:
        daily: Size of the wave of a day, from 0 to 1.
        peak_hour: Hour UTC, from 0 to 23.
        weekly: Size of the wave of a week.
        peak_weekday: "monday" to "sunday".
        yearly: Size of the wave of a year.
        peak_month: From 1 to 12.
        growth: Activity a year later, as a multiple.
    """

    daily: float = 0.0
    peak_hour: int = 20
    weekly: float = 0.0
    peak_weekday: str = "saturday"
    yearly: float = 0.0
    peak_month: int = 12
    growth: float = 1.0

    def __post_init__(self) -> None:
        for name in ("daily", "weekly", "yearly"):
            between(name, getattr(self, name), 0, 1)
        between("peak_hour", self.peak_hour, 0, 23)
        between("peak_month", self.peak_month, 1, 12)
        one_of("peak_weekday", self.peak_weekday, WEEKDAYS)
        between("growth", self.growth, 0.1, 10)


@dataclass(frozen=True)
class Burst:
    """Days on which much more happens.

    Args:
        at: The first day.
        factor: Activity as a multiple.
        days: How long.
        domain: Where; empty is everywhere.
    """

    at: date
    factor: float
    days: float = 1.0
    domain: str = ""

    def __post_init__(self) -> None:
        between("factor", self.factor, 0.01, 1000)
        positive("days", self.days)


@dataclass(frozen=True)
class TasteChange:
    """A day on which some users' tastes change, in every domain.

    Args:
        at: The day.
        share: Of users.
        strength: 0 is no change, 1 a taste that has nothing to do with the earlier one.
    """

    at: date
    share: float
    strength: float = 1.0

    def __post_init__(self) -> None:
        between("share", self.share, 0, 1)
        between("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class World:
    """Everything that is simulated; the same world gives the same bytes.

    Args:
        domains: Name -> domain.
        users: Persons in all.
        start: The first day.
        days: How many days the world lasts.
        seed: Of all chances.
        factors: Dimensions of taste.
        transfer: Correlation of a user's tastes between two domains: 0 independent, 1 the same.
        transfers: Two domains as "books+films" -> the same for this pair; every pair is at least `transfer`.
        active: Shares of users who are active on 1, 2, … domains; empty is everyone everywhere.
        new_users: Users who come after the start.
        taste_change: None is no change.
        rhythm: When people are active.
        bursts: Days on which more happens.
    """

    domains: dict[str, Domain]
    users: int
    start: date
    days: int
    seed: int = 0
    factors: int = 8
    transfer: float = 0.5
    transfers: dict[str, float] = field(default_factory=dict)
    active: tuple[float, ...] = ()
    new_users: Arrivals = field(default_factory=Arrivals)
    taste_change: TasteChange | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    bursts: tuple[Burst, ...] = ()

    def __post_init__(self) -> None:
        if not self.domains:
            raise InvalidInput("domains: expected at least one [domains.NAME], got none")
        for name in self.domains:
            check_domain(name)
        between("users", self.users, 1, 2**31 - 1)
        between("days", self.days, 1, 365 * 200)
        between("seed", self.seed, 0, 2**63 - 1)
        between("factors", self.factors, 1, 256)
        between("transfer", self.transfer, 0, 1)
        if self.active:
            shares("active", self.active)
            between("active (how many shares)", len(self.active), 1, len(self.domains))
        self._check_days()
        self.correlations()
        for name, domain in self.domains.items():
            most = self.users * (10**6 if domain.repeats else domain.first_items // 2 or 1)
            if domain.interactions > most:
                raise InvalidInput(
                    f"domains.{name}.interactions: expected at most {most:,} with {self.users:,} users who take no "
                    f"item twice and half of the items at most, got {domain.interactions:,}"
                )
            at_least(f"domains.{name}.interactions", domain.interactions, 1)

    @property
    def began(self) -> int:
        """The first second, since 1970 UTC."""
        return self.second(self.start)

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return self.days * 86_400

    def second(self, day: date) -> int:
        """Return the first second of a day, since 1970 UTC."""
        return int(datetime.combine(day, time(), UTC).timestamp())

    def correlations(self) -> Doubles:
        """Return float64[D, D], the correlation of tastes between domains.

        Raises:
            InvalidInput: A pair is no pair of domains, or the pairs contradict one another.
        """
        names = list(self.domains)
        found = np.full((len(names), len(names)), self.transfer)
        np.fill_diagonal(found, 1.0)
        for pair, value in self.transfers.items():
            two = pair.split("+")
            if len(two) != 2 or two[0] == two[1]:
                raise InvalidInput(f"transfers: expected two domains as 'books+films', got '{pair[:80]}'")
            for name in two:
                if name not in names:
                    near = suggestion(name, names)
                    raise InvalidInput(f"transfers.{pair}: expected a domain of this world, got '{name}'{near}")
            between(f"transfers.{pair}", value, self.transfer, 1)
            one, other = (names.index(name) for name in two)
            found[one, other] = found[other, one] = value
        if np.linalg.eigvalsh(found - self.transfer).min() < -1e-9:
            raise InvalidInput(
                "transfers: expected pairs that agree (two domains that are both near a third are near one another), "
                f"got {', '.join(f'{pair} {value:g}' for pair, value in self.transfers.items())}"
            )
        return found

    def _check_days(self) -> None:
        """Refuse what would happen outside of the world's time."""
        last = self.began + self.seconds
        days: dict[str, date | None] = {f"bursts.{i}.at": burst.at for i, burst in enumerate(self.bursts)}
        days |= {f"new_users.{name}": getattr(self.new_users, name) for name in ("first", "last")}
        days["taste_change.at"] = self.taste_change.at if self.taste_change else None
        for name, domain in self.domains.items():
            days |= {f"domains.{name}.trends.{i}.at": trend.at for i, trend in enumerate(domain.trends)}
            days |= {f"domains.{name}.new_items.{end}": getattr(domain.new_items, end) for end in ("first", "last")}
        for place, day in days.items():
            if day is not None and not self.began <= self.second(day) <= last:
                raise InvalidInput(f"{place}: expected a day of the world, {self.start} and {self.days} on, got {day}")
        for i, burst in enumerate(self.bursts):
            if burst.domain:
                one_of(f"bursts.{i}.domain", burst.domain, self.domains)
