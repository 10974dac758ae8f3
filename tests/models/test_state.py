"""Learned state as files: what goes in comes out, and what has no file form is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from crossrec.core.errors import CorruptBundle, InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.recommender import create
from crossrec.models.state import read_state, write_state


@dataclass
class Learned:
    factors: int = 3


def learned(**state: Any) -> Learned:
    model = Learned()
    for name, value in state.items():
        setattr(model, name, value)
    return model


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "i2", "u1", "?"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_arrays_come_back_to_the_bit(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    array = np.ones(shape, dtype)
    card = json.loads(json.dumps(write_state(learned(table_=array), tmp_path)))
    assert card["settings"] == {"factors": 3}
    back = read_state(tmp_path, card["state"])["table_"]
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype and back.shape == shape


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix])
def test_sparse_matrices_come_back_as_csr(tmp_path: Path, form: Any) -> None:
    dense = np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -3]], np.float32)
    back = read_state(tmp_path, write_state(learned(near_=form(dense)), tmp_path)["state"])["near_"]
    assert isinstance(back, sp.csr_array) and back.dtype == np.float32
    np.testing.assert_array_equal(back.toarray(), dense)


def test_wide_places_of_older_bundles_are_narrowed(tmp_path: Path) -> None:
    """As neighbours had them, at twice the memory and with a copy for every answer."""
    matrix = sp.random_array((5, 4), density=0.5, rng=np.random.default_rng(0), format="csr", dtype=np.float32)
    matrix.indptr, matrix.indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    state = write_state(learned(weights_=matrix), tmp_path)["state"]
    assert np.load(tmp_path / "weights_.indices.npy", allow_pickle=False).dtype == np.int64
    found = read_state(tmp_path, state)["weights_"]
    assert found.indptr.dtype == found.indices.dtype == np.int32
    assert (found != matrix).nnz == 0


@pytest.mark.parametrize("value", [None, True, 7, 1.25, "words", 0.1 + 0.2])
def test_plain_values_come_back(tmp_path: Path, value: Any) -> None:
    card = json.loads(json.dumps(write_state(learned(mean_=value), tmp_path)))
    back = read_state(tmp_path, card["state"])["mean_"]
    assert back == value and type(back) is type(value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [object(), {"a": 1}, [1], np.array(["text"], dtype=object), np.array(["text"])])
def test_what_has_no_file_form_is_refused_by_name(tmp_path: Path, value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"Learned\.odd_: \w+ has no file form"):
        write_state(learned(odd_=value), tmp_path)


def test_only_learned_state_is_written(tmp_path: Path) -> None:
    card = write_state(learned(catalogue_=object(), histories_=object(), scratch=object(), mean_=1.0), tmp_path)
    assert list(card["state"]) == ["mean_"]


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptBundle):
        read_state(tmp_path, {"table_": {"kind": "pickle"}})


def test_a_model_made_of_models_keeps_each_under_its_name(tmp_path: Path) -> None:
    board = checkerboard()
    parts = {"near": create("item_knn", neighbours=3).fit(board), "floor.0": create("popularity").fit(board)}
    card = json.loads(json.dumps(write_state(learned(parts_=parts), tmp_path)))
    assert all(path.is_file() for path in tmp_path.iterdir()), "checksums are of files in one folder"
    back = read_state(tmp_path, card["state"])["parts_"]
    assert back == parts
    np.testing.assert_array_equal(back["floor.0"].counts_, vars(parts["floor.0"])["counts_"])
    assert (back["near"].weights_ != vars(parts["near"])["weights_"]).nnz == 0


@pytest.mark.parametrize("name", ["../near", "a/b"])
def test_a_part_under_another_name_is_refused(tmp_path: Path, name: str) -> None:
    card = write_state(learned(parts_={"near": create("popularity").fit(checkerboard())}), tmp_path)
    how = card["state"]["parts_"]
    how["parts"] = {name: how["parts"]["near"]}
    with pytest.raises(CorruptBundle, match="no name of a part"):
        read_state(tmp_path, card["state"])
    how["parts"] = {"near": {**how["parts"][name], "model": "of another release"}}
    with pytest.raises(CorruptBundle, match="does not have"):
        read_state(tmp_path, card["state"])
