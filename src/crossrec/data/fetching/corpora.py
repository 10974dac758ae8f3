"""The register of corpora: every name that `crossrec data fetch` knows."""

from __future__ import annotations

from collections.abc import Iterable

from crossrec.core.errors import NotFound, nearest, unknown_name
from crossrec.data.fetching.amazon import EDITIONS, amazon, amazon_categories
from crossrec.data.fetching.corpus import Corpus
from crossrec.data.fetching.goodreads import GENRES, GOODBOOKS, goodreads
from crossrec.data.fetching.movielens import IMDB, MOVIELENS
from crossrec.data.fetching.reddit import reddit

__all__ = ["FAMILIES", "corpora", "corpus"]

_SINGLE = {**MOVIELENS, GOODBOOKS.name: GOODBOOKS, IMDB.name: IMDB}

FAMILIES = {
    **{f"{edition}:CATEGORY": f"Amazon reviews of {edition[-4:]}, by category" for edition in EDITIONS},
    "goodreads:GENRE": "Goodreads of the UCSD Book Graph, by genre or all",
    "reddit:YYYY-MM": "Reddit's comments and submissions of a month; where to get them",
}
"""Families of corpora, as they are written -> what they are."""


def corpora() -> list[Corpus]:
    """Return every corpus that has files, in the order of the register; the 5-cores are left out."""
    found = list(_SINGLE.values())
    found += [amazon(edition, category) for edition in EDITIONS for category in amazon_categories(edition)]
    return found + [goodreads(genre) for genre in GENRES]


def corpus(name: str) -> Corpus:
    """Find a corpus by name; letter case does not matter, nor `-` for `_` in a category.

    Args:
        name: "movielens-25m", "amazon-2023:Electronics", "amazon-2018:Gift_Cards_5", "goodreads:poetry", …

    Raises:
        NotFound: No such corpus, category, genre or month; the message has the nearest.
    """
    family, colon, rest = name.strip().partition(":")
    family = family.lower()
    if not colon and family in _SINGLE:
        return _SINGLE[family]
    if family in EDITIONS:
        return amazon(family, _category(family, rest))
    if family == "goodreads":
        return goodreads(_same(rest, GENRES, "genre of goodreads"))
    if family == "reddit":
        return reddit(rest)
    known = [*_SINGLE, *(entry.split(":")[0] for entry in FAMILIES)]
    near = nearest(family, known)
    hint = f"; did you mean '{near}{colon}{rest}'?" if near else ";"
    raise NotFound(f"no corpus called '{name}'{hint} There are: {', '.join([*_SINGLE, *FAMILIES])}")


def _category(edition: str, text: str) -> str:
    """Find a category of Amazon, with `_5` for the 5-core where the edition has one."""
    core = text.endswith("_5") and edition != "amazon-2023"
    found = _same(text.removesuffix("_5") if core else text, amazon_categories(edition), f"category of {edition}")
    return f"{found}_5" if core else found


def _same(text: str, names: Iterable[str], kind: str) -> str:
    """Find a name whatever its letter case; else name the nearest."""
    by_lower = {name.lower(): name for name in names}
    asked = text.lower().replace("-", "_").replace(" ", "_")
    if asked in by_lower:
        return by_lower[asked]
    near = nearest(asked, by_lower) or _beginning(asked, by_lower)
    if near is None:
        raise unknown_name(kind, text, by_lower.values())
    raise NotFound(
        f"no {kind} called '{text}'; did you mean '{by_lower[near]}'? There are: {', '.join(sorted(by_lower.values()))}"
    )


def _beginning(asked: str, names: Iterable[str]) -> str | None:
    """Return the first name that begins with what was asked: `clothing` is Clothing_Shoes_and_Jewelry."""
    return next((name for name in names if asked and name.startswith(asked)), None)
