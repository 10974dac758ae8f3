"""Reddit: comments and submissions become acts of persons on communities or threads; sequences of communities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, ScannedFile
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _faults, _files, _json, _lines, _reddit_tables
from crossrec.data.sources._pseudonyms import Pseudonyms
from crossrec.data.storing.quarantine import join

__all__ = ["Reddit"]

_FILES = ("rc_*", "*_comments*", "rs_*", "*_submissions*")
_ITEMS = ("subreddit", "thread")
_BOTS = ("drop", "keep")
_KNOWN_BOTS = ("automoderator", "autotldr", "totesmessenger", "imgurtranscriber", "haikubot-1911")
_FIELDS = (
    "author", "subreddit", "subreddit_id", "subreddit_type", "link_id", "id", "created_utc", "over_18",
    "subreddit_subscribers", "title",
)  # fmt: skip
DELETED, BOT, PAGE = "author is deleted", "author is a bot", "community is a person's page"


@dataclass(frozen=True)
class Reddit:
    """Reads `RC_*` (comments) and `RS_*` (submissions), one JSON object a line: a file, or a folder of both.

    A comment is a "comment". A submission is a "share": its author brings something to a community. The item is
    the community, or the thread (`t3_…`) that was begun or commented on. Two acts of a person on one item in the
    same second count as one. Texts are never read, titles only where threads are the items.

    Users are salted hashes of their names, by the secret in the environment variable `CROSSREC_SALT`; without it a
    salt is drawn for this import alone, and rows appended later cannot belong to the same persons. Set aside by
    rule, counted, and never shown: authors who are `[deleted]`, `[removed]` or missing; bots; and communities
    that are a person's own page (`u_…`), whose name is that of a person. A bot is a name that ends in "bot",
    whatever its case, or one of a few that are known (AutoModerator, autotldr, TotesMessenger …). This loses some
    people called Talbot; `bots=keep` takes all.

    Communities get subreddit_id, type, nsfw (more than half of the posts are marked so), subscribers (the largest
    number named), posts and comments (in these files, of all authors). Threads get subreddit and title besides.

    A table of sequences of communities (`final_data.csv`; see `_reddit_tables.sequences`) is read as it stands: it
    has no names of persons, so that nothing is hashed or left out.

    Args:
        item: "subreddit" or "thread".
        bots: "drop" or "keep".
        posts: Path of a table of top posts (subreddit, score, title): the communities get their titles as text.

    Source: the dumps of Pushshift (Baumgartner et al., ICWSM 2020, arXiv:2001.08435) and Arctic Shift;
    https://github.com/pranau97/rnn-reddit-recommender (sequences), https://github.com/umbrae/reddit-top-2.5-million
    (posts).
    """

    item: str = "subreddit"
    bots: str = "drop"
    posts: str = ""

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`.

        Raises:
            InvalidInput: Also for an option's other value, or a salt of fewer than 16 characters.
            MissingExtra: A `.zst` file without the package that reads it.
        """
        for name, value, known in (("item", self.item, _ITEMS), ("bots", self.bots, _BOTS)):
            if value not in known:
                raise InvalidInput(f"reddit: option {name}: expected one of {', '.join(known)}, got '{value}'")
        reading = _reddit_tables.sequences(path, workspace) or self._dumps(path, workspace)
        return self._described(reading, workspace) if self.posts else reading

    def _described(self, reading: Reading, workspace: Path) -> Reading:
        """Give the communities the titles of their top posts; those that no row names are items too."""
        if self.item == "thread":
            raise InvalidInput("reddit: option posts: it says what communities are about; leave item=thread out")
        said, note, refused = _reddit_tables.titles(Path(self.posts), workspace)
        items = said if reading.items is None else reading.items.join(said, on="item_id", how="full", coalesce=True)
        beside = join([reading.item_refused, refused])
        return replace(reading, items=items.sort("item_id"), files=(*reading.files, note), item_refused=beside)

    def _dumps(self, path: Path, workspace: Path) -> Reading:
        """Read comments and submissions."""
        names = Pseudonyms.from_environment()
        tables, files = zip(*[self._parsed(entry, names, workspace) for entry in _entries(path)], strict=True)
        rows = pl.concat(tables)
        return Reading(
            rows=rows.select(pl.exclude("^#.*$")),
            rules=Rules(None, unit="s", kind="comment"),
            files=tuple(FileNote.of(file) for file in files),
            items=self._catalogue(rows),
            refused=refused_of(*files).with_columns(pl.lit(None, pl.String).alias("value")),
            by_rule=(DELETED, BOT, PAGE),
            pseudonyms=names.fingerprint,
            notes=names.notes,
            licence="content of Reddit's users; see the terms of Reddit and of the dump",
            private=True,
            stored=True,
        )

    def _parsed(self, entry: Entry, names: Pseudonyms, workspace: Path) -> tuple[pl.LazyFrame, ScannedFile]:
        """Parse one file once."""
        comments = _are_comments(entry)

        def shape(found: pl.LazyFrame) -> pl.LazyFrame:
            return self._shaped(_lines.settled(found, {name: name for name in _FIELDS}), names, comments=comments)

        return _json.json_file(entry, workspace, dict.fromkeys(_FIELDS, pl.String()), shape)

    def _shaped(self, rows: pl.LazyFrame, names: Pseudonyms, *, comments: bool) -> pl.LazyFrame:
        """Choose the columns of `Reading.rows`, and with a leading `#` what is known about the community."""
        deleted = pl.col("author").is_null() | pl.col("author").is_in(["", "[deleted]", "[removed]"])
        page = pl.col("subreddit").str.starts_with("u_") | (pl.col("subreddit_type") == "user")
        faults = [(page.fill_null(value=False), PAGE, ""), (deleted, DELETED, "")]
        if self.bots == "drop":
            lower = pl.col("author").str.to_lowercase()
            faults.append((lower.str.ends_with("bot") | lower.is_in(_KNOWN_BOTS), BOT, ""))
        thread = pl.col("link_id") if comments else pl.lit("t3_") + pl.col("id")
        taken = pl.col("problem").is_null()
        return _faults.blamed(rows, faults).select(
            "file",
            "line",
            names.of(pl.when(taken).then(pl.col("author"))).alias("user_id"),
            pl.when(~page.fill_null(value=False))
            .then(pl.col("subreddit") if self.item == "subreddit" else thread)
            .alias("item_id"),
            pl.col("created_utc").alias("timestamp"),
            pl.lit("comment" if comments else "share").alias("interaction_type"),
            *_faults.PROBLEM,
            pl.when(~page.fill_null(value=False)).then(pl.col("subreddit")).alias("#subreddit"),
            pl.col("subreddit_id").alias("#subreddit_id"),
            pl.col("subreddit_type").alias("#type"),
            (pl.col("over_18") == "true").alias("#nsfw"),
            pl.col("subreddit_subscribers").cast(pl.Int64, strict=False).alias("#subscribers"),
            (pl.col("title") if self.item == "thread" and not comments else pl.lit(None, pl.String)).alias("#title"),
        )

    def _catalogue(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """Describe the communities or threads by all rows that name them."""
        post = pl.col("interaction_type") == "share"
        marked = pl.col("#nsfw").fill_null(value=False) & post
        named = rows.filter(pl.col("item_id").is_not_null() & (pl.col("item_id") != ""))
        counted = named.with_columns(post.alias("posts"), (~post).alias("comments"), marked.alias("nsfw"))
        known = ["subreddit", "subreddit_id", "title"] if self.item == "thread" else ["subreddit_id", "type"]
        known += [] if self.item == "thread" else ["subscribers"]
        # The largest of all values, though all are the same: the order of the rows then never matters.
        largest = [pl.col(f"#{name}").max().alias(name) for name in known]
        items = counted.group_by("item_id").agg(*largest, pl.col("nsfw", "posts", "comments").sum())
        most = pl.when(pl.col("posts") > 0).then(pl.col("nsfw") * 2 > pl.col("posts"))
        items = items.with_columns(most.alias("nsfw"))
        return items.sort("item_id").collect(engine="streaming")


def _entries(path: Path) -> list[Entry]:
    """List the files: the path itself, or all of a folder or zip that are called like dumps, comments first."""
    if path.is_file() and path.suffix.lower() != ".zip":
        return [Entry(path)]
    found = list(dict.fromkeys(_files.find_all(path, _FILES)))
    return found or [_files.require(path, _FILES, "reddit")]


def _are_comments(entry: Entry) -> bool:
    """Tell comments from submissions by the keys of the first lines.

    Raises:
        InvalidInput: They are neither.
    """
    keys = _json.keys_of(entry)
    if missing := [name for name in ("author", "subreddit", "created_utc") if name not in keys]:
        there = ", ".join(keys)[:300] or "no JSON"
        raise InvalidInput(f"{entry.label}, row 1: expected a key '{missing[0]}', got {there}")
    if "link_id" not in keys and "title" not in keys:
        raise InvalidInput(
            f"{entry.label}, row 1: expected a key 'link_id' (comments) or 'title' (submissions), "
            f"got {', '.join(keys)[:300]}"
        )
    return "link_id" in keys
