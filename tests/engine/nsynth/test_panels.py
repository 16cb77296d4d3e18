"""The product of rows with a panel, by itself: exact where it can be, and on other processors."""

from __future__ import annotations

import llvmlite.binding
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite import ir
from numpy.typing import NDArray

from deepbass_engine.nsynth.cpu import panels
from deepbass_engine.nsynth.cpu.layout import aligned
from deepbass_engine.nsynth.cpu.panels import multiply_panel
from deepbass_engine.nsynth.cpu.target import PANEL, target

needs_int8 = pytest.mark.skipif(not target().byte_dot, reason="no byte products here")


@numba.njit
def multiply(elements, k, x, n_rows, x_bytes, y, x_scales, scales):
    multiply_panel(elements, 0, 0, k, x, x_bytes, n_rows, y, 4 * PANEL, x_scales, scales)


def product(
    elements: NDArray[np.generic], x: NDArray[np.generic], y: NDArray[np.float32],
    x_scales: NDArray[np.float32], scales: NDArray[np.float32],
) -> NDArray[np.float32]:  # fmt: skip
    n_rows, k = x.shape
    elements, x, y, x_scales, scales = map(aligned, (elements, x, y, x_scales, scales))
    multiply(
        elements, k, x.ctypes.data, n_rows, x.strides[0], y.ctypes.data, x_scales.ctypes.data,
        scales.ctypes.data,
    )  # fmt: skip
    return y


NONE = np.zeros(1, np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 80), st.integers(0, 2**32))
def test_floats_are_added_to_what_is_there(n_rows, fours, seed):
    generator = np.random.default_rng(seed)
    k = 4 * fours
    x = generator.standard_normal((n_rows, k)).astype(np.float32)
    w = generator.standard_normal((k, PANEL)).astype(np.float32)
    y = generator.standard_normal((n_rows, PANEL)).astype(np.float32)
    found = product(w.reshape(-1), x, y, NONE, NONE)
    expected = y + x.astype(np.float64) @ w
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.sqrt(k) * 4)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32))
def test_a_row_does_not_depend_on_the_others(n_rows, fours, seed):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((n_rows, 4 * fours)).astype(np.float32)
    w = generator.standard_normal(4 * fours * PANEL).astype(np.float32)
    y = np.zeros((n_rows, PANEL), np.float32)
    together = product(w, x, y, NONE, NONE)
    alone = [product(w, x[[row]], y[[row]], NONE, NONE)[0] for row in range(n_rows)]
    np.testing.assert_array_equal(together, alone)


@needs_int8
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 160), st.integers(0, 2**32))
def test_bytes_are_summed_without_error(n_rows, fours, seed):
    generator = np.random.default_rng(seed)
    k = 4 * fours
    x = generator.integers(0, 256, (n_rows, k), np.uint8)
    w = generator.integers(-127, 128, (k, PANEL), np.int8)
    interleaved = w.reshape(fours, 4, PANEL).transpose(0, 2, 1).reshape(-1)
    offsets = 128 * w.sum(axis=0, dtype=np.int64)
    scales = np.concatenate([np.ones(PANEL), offsets]).astype(np.float32)
    y = np.zeros((n_rows, PANEL), np.float32)
    found = product(interleaved, x, y, np.ones(n_rows, np.float32), scales)
    expected = (x.astype(np.int64) - 128) @ w.astype(np.int64)
    np.testing.assert_array_equal(found, expected)


@needs_int8
def test_bytes_are_scaled_by_row_and_by_column():
    x, w = np.full((2, 4), 129, np.uint8), np.full(4 * PANEL, 3, np.int8)
    column = np.arange(1, PANEL + 1)
    scales = np.concatenate([column, np.full(PANEL, 128 * 12)]).astype(np.float32)
    y = np.ones((2, PANEL), np.float32)
    found = product(w, x, y, np.array([0.5, 2.0], np.float32), scales)
    np.testing.assert_array_equal(found, [1 + 0.5 * 12 * column, 1 + 2.0 * 12 * column])


@pytest.mark.parametrize(
    ("kind", "instructions"), [("f32", {"fmla", "prfm"}), ("f16", {"fmla", "fcvtl", "prfm"})]
)
def test_arm_multiplies_in_vectors_that_stay_in_registers(kind, instructions, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    target.cache_clear()
    try:
        module = ir.Module()
        function = panels._function(module, kind)
        function.linkage = "external"
    finally:
        target.cache_clear()
    llvmlite.binding.initialize_all_targets()
    llvmlite.binding.initialize_all_asmprinters()
    arm = llvmlite.binding.Target.from_triple("aarch64-unknown-linux-gnu")
    machine = arm.create_target_machine(opt=3)
    text = machine.emit_assembly(llvmlite.binding.parse_assembly(str(module)))
    lines = [line.split() for line in text.splitlines()]
    used = {words[0] for words in lines if words}
    assert instructions <= used
    assert not {"bl", "blr"} & used  # nothing is left to a library
    loops = [words for words in lines if words and words[0] == "str" and words[1].startswith("q")]
    stores = sum("sp" in " ".join(words) for words in loops)
    assert stores <= 16  # those of the function's entry, none in a loop over k
