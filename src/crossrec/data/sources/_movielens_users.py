"""What MovieLens says of its users: age, gender, occupation and zip code."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import Entry, prescan
from crossrec.data.intake.unpacking import blocks
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["users_of"]

# fmt: off
_OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)
# fmt: on
"""What the numbers of the 1M release mean, from its README."""
_FORMS = {
    "u.user": ("|", ("user_id", "age", "gender", "occupation", "zip")),
    "users.dat": ("::", ("user_id", "gender", "age", "occupation", "zip")),
}


def users_of(path: Path, name: str, workspace: Path) -> tuple[pl.DataFrame, FileNote, pl.DataFrame] | None:
    """Read the users that lie beside the ratings.

    A `users.dat` whose first line has not the five fields of MovieLens is MovieTweetings', which holds Twitter
    ids: nothing of it is read.

    Args:
        path: What the user named.
        name: `u.user` of 100K or `users.dat` of 1M.
        workspace: A folder for unpacked text.

    Returns:
        user_id, age (of 1M: the first year of the group), gender, occupation and zip; the note of the file; lines
        that were refused, without their text. None where there is no such file.
    """
    entry = _files.find(path, (name,), beside=True)
    separator, columns = _FORMS[name]
    if entry is None or _first_line(entry).count(separator) != len(columns) - 1:
        return None
    text = prescan(entry, workspace)
    frame, refused = _lines.table_of(_lines.delimited(_lines.lines_of(text), separator, columns))
    occupation = pl.col("occupation")
    if name == "users.dat":
        numbers = [str(number) for number in range(len(_OCCUPATIONS))]
        occupation = occupation.replace_strict(numbers, list(_OCCUPATIONS), default=None, return_dtype=pl.String)
    users = frame.select(
        "user_id", pl.col("age").cast(pl.Int32, strict=False), "gender", occupation.alias("occupation"), "zip"
    )
    bad = join([refused, refused_of(text)]).with_columns(pl.lit(None, pl.String).alias("value"))
    return users, FileNote.of(text), bad


def _first_line(entry: Entry) -> str:
    """Look at the first line and no further."""
    return next(blocks(entry.path, entry.member), b"").split(b"\n", 1)[0].decode("utf-8", "replace")
