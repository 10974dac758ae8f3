"""What the machine has: memory, asked before work that may not fit, and threads."""

from __future__ import annotations

from pathlib import Path

import numba

from crossrec.core.errors import InvalidInput, OutOfBudget

__all__ = ["available_bytes", "require_memory", "use_threads"]

_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int | None:
    """Return the bytes that can be had without swapping, or None where the system does not say."""
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(fields["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in fields else None


def require_memory(needed: float, what: str) -> None:
    """Refuse work that would not fit.

    Args:
        needed: Bytes at the peak.
        what: The work, for the message.

    Raises:
        OutOfBudget: More is needed than there is.
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise OutOfBudget(
            f"{what} needs about {needed / 1e9:.1f} GB of memory and {available / 1e9:.1f} GB are free; "
            "take fewer items, a smaller model or a larger machine"
        )


def use_threads(threads: int) -> None:
    """Let compiled loops called from this thread use so many threads; 0 is all cores.

    Raises:
        InvalidInput: There are fewer.
    """
    try:
        numba.set_num_threads(threads or numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set at import
    except ValueError as error:
        raise InvalidInput(f"threads: expected 0 to the number of cores, got {threads} ({error})") from error
