"""Goodreads at the UCSD Book Graph, by genre or whole, and goodbooks-10k."""

from __future__ import annotations

from crossrec.data.fetching.corpus import Corpus, Counts, Licence, RemoteFile

__all__ = ["GENRES", "GOODBOOKS", "goodreads"]

_ADDRESS = "https://mcauleylab.ucsd.edu/public_datasets/gdrive/goodreads/"
_PAGE = "https://cseweb.ucsd.edu/~jmcauley/datasets/goodreads.html"
_LICENCE = Licence(
    name="goodreads",
    terms="Collected for academic use only: do not redistribute the files or use them for commercial purposes.",
    page=_PAGE,
    consent=True,
)
_CITATION = (
    "Mengting Wan, Julian McAuley. 2018. Item Recommendation on Monotonic Behavior Chains. RecSys. And: Mengting Wan, "
    "Rishabh Misra, Ndapa Nakashole, Julian McAuley. 2019. Fine-Grained Spoiler Detection from Large-Scale Review "
    "Corpora. ACL."
)

# genre -> books, interactions as the page of the data set prints them; genres overlap
_COUNTS = {
    "all": Counts(876_145, 2_360_655, 228_648_342, edition="late 2017"),
    "children": Counts(None, 124_082, 10_059_349, edition="late 2017"),
    "comics_graphic": Counts(None, 89_411, 7_347_630, edition="late 2017"),
    "fantasy_paranormal": Counts(None, 258_585, 55_397_550, edition="late 2017"),
    "history_biography": Counts(None, 302_935, 31_479_229, edition="late 2017"),
    "mystery_thriller_crime": Counts(None, 219_235, 24_799_896, edition="late 2017"),
    "poetry": Counts(None, 36_514, 2_734_350, edition="late 2017"),
    "romance": Counts(None, 335_449, 42_792_856, edition="late 2017"),
    "young_adult": Counts(None, 93_398, 34_919_254, edition="late 2017"),
}

GENRES = tuple(_COUNTS)
"""The genres that have files of their own, and "all"."""


def goodreads(genre: str) -> Corpus:
    """Describe one genre, or all of it. The published files have no friends: those were never released."""
    if genre == "all":
        names = {
            "interactions": "goodreads_interactions_dedup",
            "books": "goodreads_books",
            "reviews": "goodreads_reviews_dedup",
        }
    else:
        kinds = ("interactions", "books", "reviews")
        names = {kind: f"byGenre/goodreads_{kind}_{genre}" for kind in kinds}
    names |= {"authors": "goodreads_book_authors", "genres": "goodreads_book_genres_initial"}
    files = [RemoteFile(f"{_ADDRESS}{name}.json.gz", part) for part, name in names.items()]
    files.append(RemoteFile(f"{_ADDRESS}goodreads_book_works.json.gz", "works", optional=True))
    files.append(RemoteFile(f"{_ADDRESS}goodreads_book_series.json.gz", "series", optional=True))
    return Corpus(
        name=f"goodreads:{genre}",
        title=f"Goodreads, {'every genre' if genre == 'all' else genre.replace('_', ' and ')}: shelves and ratings",
        page=_PAGE,
        licence=_LICENCE,
        citation=_CITATION,
        files=tuple(files),
        source="goodreads",
        domain="books" if genre == "all" else genre,
        counts=_COUNTS[genre],
    )


GOODBOOKS = Corpus(
    name="goodbooks-10k",
    title="goodbooks-10k: ratings of the ten thousand most rated books",
    page="https://github.com/zygmuntz/goodbooks-10k",
    licence=Licence(
        name="goodbooks-10k",
        terms="Creative Commons Attribution-ShareAlike 4.0: name the author, pass on under the same licence.",
        page="https://creativecommons.org/licenses/by-sa/4.0/",
        consent=False,
    ),
    citation="Zygmunt Zajac. 2017. Goodbooks-10k: a new dataset for book recommendations. FastML.",
    files=(
        RemoteFile("https://github.com/zygmuntz/goodbooks-10k/releases/download/v1.0/goodbooks-10k.zip", "ratings"),
    ),
    source="goodbooks",
    domain="books",
    counts=Counts(53_424, 10_000, 5_976_479, edition="version 1.0, cleaned of duplicates"),
)
"""The one corpus of books under an open licence."""
