"""Platt scaling: the line through each task's log-odds that held-out outcomes ask for."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize

from crossrec.core.arrays import Bools, Doubles
from crossrec.models.transfer._experts import PAIRS, Experts
from crossrec.models.transfer._questions import Questions

__all__ = ["calibrated", "platt"]

_LEAST, _FLATTEST = 20, 0.05


def platt(logits: Doubles, happened: Bools, weights: Doubles, start: tuple[float, float]) -> tuple[float, float]:
    """Return slope and offset of the log-odds with the smallest cross-entropy.

    A prior of one row draws the slope to where it starts, so that few outcomes move it little; it stays above 0, so
    that no order is turned round. With fewer than 20 outcomes of either sort the start is returned.

    Args:
        logits: Float64[N] what the network says.
        happened: Bool[N].
        weights: Float64[N] what each row stands for, > 0.
        start: Slope and offset to begin with.

    Source: Platt 1999, "Probabilistic outputs for support vector machines", without its smoothing of outcomes.
    """
    if min(int(happened.sum()), int((~happened).sum())) < _LEAST:
        return start
    signs, unit = np.where(happened, 1.0, -1.0), weights / weights[happened].sum()

    def lost(line: Doubles) -> tuple[float, Doubles]:
        margins = signs * (line[0] * logits + line[1])
        pull = -unit * signs / (1 + np.exp(np.clip(margins, -500, 500)))
        away = (line[0] - start[0]) / float(happened.sum())
        value = float(unit @ np.logaddexp(0, -margins)) + 0.5 * away * (line[0] - start[0])
        return value, np.array([pull @ logits + away, pull.sum()])

    found = minimize(lost, np.array(start), jac=True, method="L-BFGS-B", bounds=[(_FLATTEST, None), (None, None)]).x
    return float(found[0]), float(found[1])


def calibrated(network: Experts, asked: Questions, scales: Doubles) -> Doubles:
    """Return Float64[T, 2], slope and offset of each task by what came.

    Args:
        network: In evaluation mode.
        asked: Held-out outcomes.
        scales: Float64[T, 2] to begin with.
    """
    everyone, parts = list(range(len(scales))), []
    with torch.inference_mode():
        vectors, sizes = network.histories(asked.bags)
        for start in range(0, len(asked.rows), PAIRS):
            rows = torch.from_numpy(asked.rows[start : start + PAIRS])
            items = network.shown(torch.from_numpy(asked.items[start : start + PAIRS]))
            parts.append(network(vectors[rows], sizes[rows], items[:, None], everyone).numpy())
    logits = np.concatenate(parts).astype(np.float64)
    found = [
        platt(logits[some, row], asked.came[some, row], asked.weights[some], (float(slope), float(offset)))
        for row, (some, (slope, offset)) in enumerate(zip(asked.asked.T, scales, strict=True))
    ]
    return np.array(found)
