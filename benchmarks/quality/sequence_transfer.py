"""First touch on Ciao by sequence models over all domains: with domain tokens, and plain, against what is trending.

The protocol is that of `transfer.py ciao`. One seed; settings are guesses and none is chosen here.

    python benchmarks/quality/sequence_transfer.py
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from domains import ciao
from reading import provenance, write

from crossrec.evaluation.transferring.exam import exam_of
from crossrec.evaluation.transferring.served import served
from transfer import judged, values_of

FLOOR = "popularity half_life_days=180"
SETTINGS = "loss=sampled negatives=1024 epochs=25 average=0.98 learning_rate=0.003 dropout=0.4 width=48 blocks=1"
MODELS = {"trending": FLOOR, "domain_sasrec": f"domain_sasrec {SETTINGS}", "sasrec": f"sasrec {SETTINGS}"}


def main() -> int:
    exam = exam_of(ciao(), "first-touch", quantile=0.5)
    new = exam.counts[np.arange(len(exam)), exam.domains] == 0
    values, seconds = {}, {}
    for name, words in MODELS.items():
        start = time.process_time()
        values |= values_of(exam, {name: served(words, FLOOR, exam.train)})
        seconds[name] = round(time.process_time() - start, 1)
        print(f"{name}: new {values[name][new].mean():.4f}, known {values[name][~new].mean():.4f}", flush=True)
    pairs = (("domain_sasrec", "trending"), ("sasrec", "trending"), ("domain_sasrec", "sasrec"))
    differences: list[dict[str, Any]] = []
    for label, rows in (("new", new), ("known", ~new)):
        for name, control in pairs:
            told = judged(exam, name, control, values, rows)
            differences.append({"persons": label, "model": name, "against": control, **told})
    means = {name: {"new": float(one[new].mean()), "known": float(one[~new].mean())} for name, one in values.items()}
    found = {"settings": MODELS, "lists": len(exam), "means": means, "differences": differences}
    write("quality_sequence_transfer", {**found, "processor_seconds": seconds, **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
