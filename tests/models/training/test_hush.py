"""What libraries say is kept back for a while, and only for a while."""

from __future__ import annotations

import logging
import warnings

import pytest

from crossrec.models.training.hush import hushed


def test_loggers_and_warnings_are_silent_within_and_as_before_after() -> None:
    logger = logging.getLogger("somebody.else")
    logger.setLevel(logging.INFO)
    with hushed("somebody.else"):
        assert logger.level == logging.ERROR
        warnings.warn("not for you", UserWarning, stacklevel=1)  # an error in this suite, were it heard
    assert logger.level == logging.INFO
    with pytest.warns(UserWarning, match="for you"):
        warnings.warn("for you", UserWarning, stacklevel=1)
