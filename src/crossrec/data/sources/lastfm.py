"""Last.fm of HetRec 2011: how often people played artists, their tags, and who is whose friend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.sources._ties import checked_ties
from crossrec.data.storing.quarantine import join, refused_frame

__all__ = ["LastFM"]

_TAGS_KEPT = 20
_Names = Mapping[str, Sequence[str]]
_PLAYS: _Names = {"user_id": ("userID",), "item_id": ("artistID",), "weight": ("weight",)}
_ARTISTS: _Names = {"item_id": ("id",), "title": ("name",), "link": ("url",)}
_FRIENDS: _Names = {"user_id": ("userID",), "other_id": ("friendID",)}
_TAGS: _Names = {"tag_id": ("tagID",), "tag": ("tagValue",)}
_TAGGED: _Names = {"item_id": ("artistID",), "tag_id": ("tagID",)}


@dataclass(frozen=True)
class LastFM:
    """Reads `user_artists.dat`; beside it `artists.dat`, `user_friends.dat`, `tags.dat` + `user_taggedartists.dat`.

    A row is a "play" with the number of plays as its weight; there is no time and no order. Artists get title,
    link and their 20 most given tags. A friendship is a tie in each direction, as in the file.

    Source: Cantador, Brusilovsky and Kuflik, HetRec 2011, https://grouplens.org/datasets/hetrec-2011/.
    """

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        text = prescan(_files.require(path, ("user_artists.dat",), "lastfm"), workspace)
        rows = _lines.settled(_table(text, _PLAYS), {name: name for name in _PLAYS})
        files, refused = [FileNote.of(text)], []
        items, ties = None, None
        artists = _files.find(path, ("artists.dat",), beside=True)
        if artists is not None:
            found = _files.tolerant(artists, workspace)
            items, bad = _lines.table_of(_table(found, _ARTISTS))
            items, notes, more = _with_tags(items, path, workspace)
            files += [FileNote.of(found), *notes]
            refused += [bad, refused_of(found), *more]
        friends = _files.find(path, ("user_friends.dat",), beside=True)
        if friends is not None:
            found = prescan(friends, workspace)
            ties, bad = checked_ties(_table(found, _FRIENDS), "friend")
            files.append(FileNote.of(found))
            refused += [bad, refused_of(found)]
        return Reading(
            rows=rows,
            rules=Rules(None, kind="play"),
            files=tuple(files),
            items=items,
            ties=ties,
            refused=refused_of(text),
            item_refused=join(refused),
            licence="non-commercial use; cite Last.fm and HetRec 2011",
            ordered=False,
        )


def _table(text: TextFile, wanted: _Names) -> pl.LazyFrame:
    """Read a file with tabs and a header, and name the columns that are wanted."""
    header = _lines.header_of(text, "\t")
    columns = _lines.pick(text, header, wanted)
    return _lines.delimited(_lines.lines_of(text, skip=1), "\t", header).rename(columns).select(
        "#file", "#line", "#problem", "#value", *columns.values()
    )  # fmt: skip


def _with_tags(
    items: pl.DataFrame, path: Path, workspace: Path
) -> tuple[pl.DataFrame, list[FileNote], list[pl.DataFrame]]:
    """Add the tags that most people gave to an artist, where both files are there."""
    names, given = (_files.find(path, (name,), beside=True) for name in ("tags.dat", "user_taggedartists.dat"))
    if names is None or given is None:
        return items, [], [refused_frame()]
    texts = _files.tolerant(names, workspace), prescan(given, workspace)
    tags, bad_tags = _lines.table_of(_table(texts[0], _TAGS))
    tagged, bad = _lines.table_of(_table(texts[1], _TAGGED))
    counted = tagged.group_by("item_id", "tag_id").len().join(tags.unique("tag_id", keep="first"), on="tag_id")
    ranked = counted.sort(["item_id", "len", "tag"], descending=[False, True, False])
    listed = ranked.group_by("item_id", maintain_order=True).agg(pl.col("tag").head(_TAGS_KEPT).alias("tags"))
    joined = items.join(listed, on="item_id", how="left", maintain_order="left")
    return joined, [FileNote.of(text) for text in texts], [bad_tags, bad, *(refused_of(text) for text in texts)]
