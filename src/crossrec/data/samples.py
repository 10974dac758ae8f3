"""The bundled sample: three real domains under open licences, in their original formats."""

from __future__ import annotations

from pathlib import Path

from crossrec.core.errors import unknown_name
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source

__all__ = ["SAMPLES", "import_samples", "sample_path"]

SAMPLES = {
    "films": ("movielens", {}),
    "shop": ("retail", {}),
    "books": ("goodbooks", {"ordered": "false"}),
}
"""Domain -> the source that reads it and its options."""


def sample_path(domain: str) -> Path:
    """Return the folder with the original files of one bundled domain.

    Raises:
        NotFound: There is no such sample.
    """
    if domain not in SAMPLES:
        raise unknown_name("sample", domain, SAMPLES)
    return Path(__file__).parent.parent / "samples" / domain


def import_samples(out: str | Path) -> Dataset:
    """Import the three bundled domains into a data set; domains that are there are replaced.

    Args:
        out: The data set's folder.
    """
    for domain, (source, options) in SAMPLES.items():
        import_source(source, sample_path(domain), domain, out, options=options, there="replace")
    return open_dataset(out)
