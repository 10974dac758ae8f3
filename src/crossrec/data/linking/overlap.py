"""How many persons domains share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossrec.data.dataset import Dataset

__all__ = ["persons_in_common"]


def persons_in_common(dataset: Dataset, domains: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """Count the persons that each pair of domains has in common; on the diagonal, all of a domain.

    A person is who several domains read together have as one user: of linked accounts, and of one id in domains with
    shared users.

    Args:
        dataset: From `open_dataset`.
        domains: Names; None takes all.
    """
    names = dataset.domains if domains is None else domains
    persons = {name: dataset.persons(name) for name in names}
    common: dict[str, dict[str, int]] = {name: {} for name in names}
    for one, other in combinations_with_replacement(names, 2):
        both = persons[one].join(persons[other], on="user_id", how="semi").height
        common[one][other] = common[other][one] = both
    return common
