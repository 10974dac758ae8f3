"""Reddit's monthly dumps: they come by torrent, so what is given is where they are and how to import them."""

from __future__ import annotations

import re

from crossrec.core.errors import NotFound
from crossrec.data.fetching.corpus import Corpus, Licence

__all__ = ["reddit"]

_FIRST_SUBMISSIONS, _FIRST_COMMENTS = "2005-06", "2005-12"
_LIST = "https://github.com/ArthurHeitmann/arctic_shift/blob/master/download_links.md"
_WHOLE = "https://academictorrents.com/details/ba051999301b109eab37d16f027b3f49ade2de13"
_WHOLE_UNTIL = "2024-12"


def reddit(month: str) -> Corpus:
    """Describe a month of comments (`RC_`) and submissions (`RS_`).

    Raises:
        NotFound: It is no month, or one before the first.

    Source: the lists of Arctic Shift and Academic Torrents, read in November 2026.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or month < _FIRST_SUBMISSIONS:
        raise NotFound(
            f"no month of reddit called '{month}'; expected YYYY-MM from {_FIRST_SUBMISSIONS} on, such as 2015-05"
        )
    kinds = ("RC", "RS") if month >= _FIRST_COMMENTS else ("RS",)
    names = tuple(f"{kind}_{month}.zst" for kind in kinds)
    where = f"{_WHOLE} (choose the month's files) or, by month, {_LIST}" if month <= _WHOLE_UNTIL else _LIST
    return Corpus(
        name=f"reddit:{month}",
        title=f"Reddit, {month}: comments and submissions",
        page=_LIST,
        licence=Licence(
            name="reddit",
            terms=(
                "No licence is stated: the texts are their authors'. For research; honour deletions, do not single "
                "out persons, and read Reddit's terms."
            ),
            page="https://github.com/ArthurHeitmann/arctic_shift",
            consent=True,
        ),
        citation=(
            "Jason Baumgartner, Savvas Zannettou, Brian Keegan, Megan Squire, Jeremy Blackburn. 2020. The Pushshift "
            "Reddit Dataset. ICWSM. Later months: Arctic Shift."
        ),
        source="reddit",
        domain="reddit",
        note=f"the dumps have no plain https address; they come by torrent: {where}",
        expected=names,
    )
