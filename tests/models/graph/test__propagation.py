"""Steps on the graph against dense products."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from crossrec.models.graph._propagation import Graph

HAD = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=np.float32)


def test_each_edge_is_divided_by_the_roots_of_both_ends() -> None:
    graph = Graph.of(sp.csr_array(HAD))
    root = 2**-0.5
    expected = np.array([[root, root * root, 0, 0], [0, root * root, root, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(graph.by_user.toarray(), expected, rtol=1e-6)
    np.testing.assert_allclose(graph.by_item.toarray(), expected.T, rtol=1e-6)
    np.testing.assert_allclose(graph.item_scale, [1, root, 1, 1], rtol=1e-6)


def test_steps_and_their_gradients_are_those_of_the_dense_matrix() -> None:
    graph, chance = Graph.of(sp.csr_array(HAD)), torch.Generator().manual_seed(0)
    dense, wanted = torch.from_numpy(graph.by_user.toarray()), torch.randn(4, 3, generator=chance)
    start = torch.randn(4, 3, generator=chance)
    one, other = start.clone().requires_grad_(), start.clone().requires_grad_()
    (graph.items_from(graph.users_from(one)).square() * wanted).sum().backward()
    ((dense.T @ (dense @ other)).square() * wanted).sum().backward()
    assert one.grad is not None and other.grad is not None and float(one.grad.abs().max()) > 0
    torch.testing.assert_close(one.grad, other.grad, rtol=1e-5, atol=1e-6)
