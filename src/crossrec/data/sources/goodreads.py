"""Goodreads, the UCSD Book Graph: shelves, ratings and reviews of books, with the books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _faults, _files, _goodreads_books, _goodreads_rows
from crossrec.data.storing.quarantine import join

__all__ = ["Goodreads"]

_PATTERNS = {
    False: ("*interactions*.json", "*interactions*.csv"),
    True: ("*reviews*.json",),
}
_FOREIGN = "rows and books of one genre, got {known:,} of {seen:,} books of the rows among {all:,}"
_UNJOINED = "book_id_map.csv is not there: books keep the numbers of the CSV, and nothing is known about them"


@dataclass(frozen=True)
class Goodreads:
    """Reads the interactions of one genre or of all, as JSON lines or as the CSV with its two maps, or the reviews.

    A row with a rating of 1 to 5 is a "rate"; one without (rating 0) is a "view" where the book was read, and a
    "save" where it was only put on a shelf. A row of a review file is a "review", with its rating where it has
    one. The time is when the book was put on the shelf (`date_added`); the spoiler file has the day only, and
    the CSV has no time: its rows keep the order of the file. Numbers of the CSV become the ids of the other
    files by `book_id_map.csv` and `user_id_map.csv`, where they lie beside it. Texts of reviews are never read.

    Books get title, authors, text, publisher, year, language, pages, categories (shelves that say something
    about the book), genres, link, similar and work_id, from the files that lie beside.

    The papers speak of friends; the public files have none, so there are no ties.

    Args:
        reviews: Read the review file of a folder, not its interactions.
        text: Read descriptions of books too; false needs less memory.

    Source: https://cseweb.ucsd.edu/~jmcauley/datasets/goodreads.html; Wan and McAuley, RecSys 2018.
    """

    reviews: bool = False
    text: bool = True

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`.

        Raises:
            InvalidInput: Also where a folder has the rows of several genres, or the books are those of another one.
        """
        entry = self._entry(path)
        if entry.name.lower().endswith(".csv"):
            shelves = _goodreads_rows.from_csv(entry, path, workspace)
        else:
            shelves = _goodreads_rows.from_json(entry, workspace, reviews="review" in entry.name.lower())
        books = _goodreads_books.read(path, entry.name, workspace, text=self.text) if shelves.joined else None
        notes: tuple[str, ...] = () if shelves.joined else (_UNJOINED,)
        if books and shelves.stored:  # rows of the CSV get their ids from the map that belongs to the books
            seen = shelves.rows.select("item_id").unique().collect(engine="streaming")
            notes += _faults.refuse_foreign(
                seen,
                books.items,
                f"{entry.label}, {books.files[0].name}",
                words=_FOREIGN,
                remedy="lay the books of the same genre, or goodreads_books.json, beside the rows",
                apart=_goodreads_books.apart(entry.name, books.name),
            )
        return Reading(
            rows=shelves.rows,
            rules=Rules((1.0, 5.0), unit="ms", unrated=True),
            files=(FileNote.of(shelves.scanned), *shelves.files, *(books.files if books else ())),
            fast=shelves.fast,
            items=books.items if books else None,
            refused=refused_of(shelves.scanned).with_columns(value=None),
            item_refused=books.refused if books else join([]),
            private=True,
            stored=shelves.stored,
            notes=notes,
            licence="research use; cite Wan and McAuley 2018",
        )

    def _entry(self, path: Path) -> Entry:
        """Find the file with the rows: the path itself, or the only one in a folder or zip."""
        if path.is_file() and path.suffix.lower() != ".zip":
            return Entry(path)
        found = _files.find_all(path, _PATTERNS[self.reviews])
        if len(found) > 1:
            names = ", ".join(entry.name for entry in found[:12])
            raise InvalidInput(f"goodreads: expected one file with rows, got {names}; import each by itself")
        return found[0] if found else _files.require(path, _PATTERNS[self.reviews], "goodreads")
