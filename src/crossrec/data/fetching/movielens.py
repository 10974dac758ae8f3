"""MovieLens at GroupLens: every release, with the published hash and counts, and IMDb's title files beside it."""

from __future__ import annotations

from crossrec.data.fetching.corpus import Corpus, Counts, Licence, RemoteFile

__all__ = ["IMDB", "MOVIELENS"]

_ADDRESS = "https://files.grouplens.org/datasets/movielens/"
_PAGE = "https://grouplens.org/datasets/movielens/"
_LICENCE = Licence(
    name="movielens",
    terms=(
        "For research. No endorsement by the University of Minnesota or GroupLens may be implied; publications must "
        "acknowledge the data. No redistribution without separate permission (some releases allow it under the same "
        "terms), no commercial use without permission of a faculty member of GroupLens. The README of each release "
        "has the exact terms."
    ),
    page="https://files.grouplens.org/datasets/movielens/ml-32m-README.html",
    consent=True,
)
_CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4: 19:1-19:19. https://doi.org/10.1145/2827872"
)

# release -> published MD5 (none where the release moves), bytes, users, items, ratings, which edition
_RELEASES: dict[str, tuple[str, int | None, Counts]] = {
    "100k": ("0e33842e24a9c977be4e0107933c0723", 4_924_029, Counts(943, 1_682, 100_000, edition="April 1998")),
    "1m": (
        "c4d9eecfca2ab87c1945afe126590906",
        5_917_549,
        Counts(6_040, 3_900, 1_000_209, True, "Feb. 2003"),
    ),
    "10m": ("ce571fd55effeba0271552578f2648bd", 65_566_137, Counts(71_567, 10_681, 10_000_054, edition="January 2009")),
    "20m": ("cd245b17a1ae2cc31bb14903e1204af3", 198_702_078, Counts(138_493, 27_278, 20_000_263, edition="Oct. 2016")),
    "25m": ("6b51fb2759a8657d3bfcbfc42b592ada", 261_978_986, Counts(162_541, 62_423, 25_000_095, edition="Nov. 2019")),
    "32m": ("d472be332d4daa821edc399621853b57", 238_950_008, Counts(200_948, 87_585, 32_000_204, edition="Oct. 2023")),
    "latest-small": ("", 978_202, Counts(610, 9_742, 100_836, edition="September 2018; it moves")),
    "latest": ("", None, Counts(330_975, 86_537, 33_832_162, edition="July 2023; it moves")),
}


def _release(name: str) -> Corpus:
    """Describe one release.

    Source: the README of each release, https://files.grouplens.org/datasets/movielens/.
    """
    md5, size, counts = _RELEASES[name]
    url = f"{_ADDRESS}ml-{name}.zip"
    return Corpus(
        name=f"movielens-{name}",
        title=f"MovieLens {name}: ratings of films",
        page=_PAGE,
        licence=_LICENCE,
        citation=_CITATION,
        files=(RemoteFile(url, "ratings", size=size, md5=md5, md5_url=f"{url}.md5"),),
        source="movielens",
        domain="films",
        counts=counts,
    )


MOVIELENS = {corpus.name: corpus for corpus in map(_release, _RELEASES)}
"""Name -> release, from 100K to 32M and the two that move."""

_IMDB_PARTS = (
    ("basics", "title.basics", False),
    ("ratings", "title.ratings", False),
    ("crew", "title.crew", False),
    ("names", "name.basics", False),
    ("principals", "title.principals", True),
    ("akas", "title.akas", True),
    ("episodes", "title.episode", True),
)

IMDB = Corpus(
    name="imdb",
    title="IMDb's public title files, renewed every day: content of films, added to any release of MovieLens",
    page="https://developer.imdb.com/non-commercial-datasets/",
    licence=Licence(
        name="imdb",
        terms=(
            "Personal and non-commercial use only; the data may not be altered, republished, resold or repurposed to "
            "make an online or offline database of films. Where it is used, this must be shown: Information courtesy "
            "of IMDb (https://www.imdb.com). Used with permission."
        ),
        page="https://developer.imdb.com/non-commercial-datasets/",
        consent=True,
    ),
    citation="Information courtesy of IMDb (https://www.imdb.com). Used with permission.",
    files=tuple(
        RemoteFile(f"https://datasets.imdbws.com/{stem}.tsv.gz", part, optional=optional)
        for part, stem, optional in _IMDB_PARTS
    ),
    source="movielens",
    domain="films",
    option="imdb",
    adds_to="movielens-25m/ml-25m.zip",
)
"""IMDb's files; they have no interactions and add titles, genres and people to MovieLens."""
