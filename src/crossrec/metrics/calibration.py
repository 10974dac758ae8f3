"""Do foretold chances come true?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossrec.core.errors import InvalidInput

__all__ = ["expected_calibration_error"]


def expected_calibration_error(
    chances: NDArray[np.floating],
    happened: NDArray[np.bool_],
    *,
    bins: int = 15,
    weights: NDArray[np.floating] | None = None,
) -> float:
    """Mean distance between what was foretold and what came, over bins of equal width, each by its share.

    Args:
        chances: [N] in [0, 1].
        happened: Bool[N].
        bins: Into which [0, 1] is cut, >= 1.
        weights: [N] what each row stands for, >= 0; None is 1.

    Returns:
        A value in [0, 1], 0 is best; NaN for no rows.

    Raises:
        InvalidInput: Lengths differ, a chance is none, there is no bin, or a weight is below 0.

    Source: Guo et al. 2017 (arXiv 1706.04599), equation 3.

    >>> round(expected_calibration_error(np.array([0.9, 0.9, 0.2]), np.array([True, False, False])), 4)
    0.3333
    """
    weighed = np.ones(len(chances)) if weights is None else weights.astype(np.float64)
    if not len(chances) == len(happened) == len(weighed):
        raise InvalidInput(
            f"calibration: expected one outcome and one weight a chance, got {len(chances)}, {len(happened)} and "
            f"{len(weighed)}"
        )
    if bins < 1 or not ((chances >= 0) & (chances <= 1)).all() or not (weighed >= 0).all():
        raise InvalidInput("calibration: expected bins >= 1, chances in [0, 1] and weights >= 0")
    places = np.minimum((chances * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, weighed * (chances.astype(np.float64) - happened), minlength=bins)
    total = float(weighed.sum())
    return float(np.abs(gaps).sum() / total) if total else float("nan")
