"""The error family: one root, its own exit code each, and the drawn tree is true."""

from __future__ import annotations

import re

import pytest

from crossrec.core import errors
from crossrec.core.errors import CrossrecError, nearest, suggestion, unknown_name

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CrossrecError)]
MEMBERS = [kind for kind in FAMILY if kind is not CrossrecError]


def test_exit_codes_are_unique_and_not_those_of_success_or_of_python() -> None:
    codes = [kind.exit_code for kind in FAMILY]
    assert len(set(codes)) == len(codes) and min(codes) == 1 and max(codes) < 126


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_the_drawn_tree_is_true(kind: type[CrossrecError]) -> None:
    row = re.search(rf"── {kind.__name__} \((\w+)\)\s+(\d+)\s+(\d+) ", errors.__doc__ or "")
    assert row is not None, "not drawn"
    builtin, code, status = row.groups()
    assert [parent.__name__ for parent in kind.__bases__] == ["CrossrecError", builtin]
    assert (kind.exit_code, kind.http_status) == (int(code), int(status))
    assert kind.__name__ in errors.__all__ and 400 <= kind.http_status < 600


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_the_message_is_what_was_said(kind: type[CrossrecError]) -> None:
    assert str(kind("k: expected k >= 1, got 0")) == "k: expected k >= 1, got 0"


def test_a_near_name_is_offered_and_a_far_one_is_not() -> None:
    assert nearest("Item_KNN", ["als", "item_knn"]) == "item_knn"
    assert nearest("zzz", ["als", "item_knn"]) is None
    assert str(unknown_name("model", "zzz", ["b", "a"])) == "no model called 'zzz'; There are: a, b"
    assert "There are: none" in str(unknown_name("model", "x", []))


def test_a_suggestion_is_punctuated_with_and_without_a_near_name() -> None:
    assert suggestion("prot", ["port"], prefix="server.") == "; did you mean 'server.port'?"
    assert suggestion("zzz", ["port"]) == ""
    assert suggestion("prot", ["host", "port"], listing="There are") == "; did you mean 'port'? There are: host, port"
    assert suggestion("unit", [], listing="Options are") == "; Options are: none"
