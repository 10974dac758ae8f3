"""A page of several domains: each has its share of the places, from the first place on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.recommendations import Recommendations

__all__ = ["joined_pages", "mixed_page"]


def mixed_page(lists: Sequence[Recommendations], shares: Doubles, k: int) -> Recommendations:
    """Deal the places of a page to domains, the best item of each first.

    Each place goes to the domain with the largest share / (2 places had + 1) that has an item left. A score is that of
    its own domain, or that of the item above where this is lower: scores of two domains have no common scale.

    Args:
        lists: D answers to the same B queries, one of each domain, over one catalogue.
        shares: Float64[B, D] of the domains, >= 0.
        k: Length of the page, >= 1.

    Source: the divisor method of Webster and Sainte-Laguë; every beginning of the page keeps the shares as well as
    its length allows.
    """
    batch = len(shares)
    lengths = np.stack([(one.items >= 0).sum(axis=1) for one in lists], axis=1)
    width = max(one.items.shape[1] for one in lists)
    items = np.full((len(lists), batch, width), -1, dtype=np.int32)
    scores = np.full((len(lists), batch, width), -np.inf, dtype=np.float32)
    for place, one in enumerate(lists):
        items[place, :, : one.items.shape[1]], scores[place, :, : one.items.shape[1]] = one.items, one.scores
    page = np.full((batch, k), -1, dtype=np.int32)
    told = np.full((batch, k), -np.inf, dtype=np.float32)
    had, rows, above = np.zeros(shares.shape, dtype=np.int64), np.arange(batch), np.full(batch, np.inf, np.float32)
    for place in range(k):
        claims = np.where(had < lengths, shares / (2 * had + 1), -1.0)
        domain = np.argmax(claims, axis=1)
        left = claims[rows, domain] >= 0
        if not left.any():
            break
        at = np.minimum(had[rows, domain], width - 1)
        above = np.where(left, np.minimum(above, scores[domain, rows, at]), above)
        page[left, place], told[left, place] = items[domain, rows, at][left], above[left]
        had[rows[left], domain[left]] += 1
    opinion = np.any([one.opinion for one in lists], axis=0)
    return Recommendations(page, told, lists[0].catalogue, opinion, lists[0].rows)


def joined_pages(pages: Sequence[Recommendations]) -> Recommendations:
    """Return pages of consecutive queries as those of one batch.

    Args:
        pages: At least one, all of one length and over one catalogue.
    """
    if len(pages) == 1:
        return pages[0]
    items, scores, opinion = (
        np.concatenate([getattr(page, name) for page in pages]) for name in ("items", "scores", "opinion")
    )
    rows = tuple(row for page in pages for row in page.rows)
    return Recommendations(items, scores, pages[0].catalogue, opinion, rows)
