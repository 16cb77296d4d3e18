"""Rows times a panel of a matrix: the kernel nearly all of decoding's time is spent in.

A matrix of K rows is laid out as panels of `PANEL` columns, each holding its rows one after the
other. Some rows of the left side are multiplied with a panel at once, their sums in registers from
the first k to the last. Weights may be float32, 16-bit floats (held as uint16), or bytes (int8),
whose left side is bytes too:

    floats  y[r, c] += sum over k of x[r, k] * w[k, c]
    bytes   y[r, c] += (sum over k of x[r, k] * w[k, c] - offset[c]) * x_scale[r] * scale[c]

Bytes of the left side have 128 at zero; ``offset`` takes that out again. A panel of bytes holds
four rows interleaved, and behind it `PANEL` scales and `PANEL` offsets are kept apart from it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from deepbass_engine.nsynth.cpu.emitting import Emitter, emit_loop, emitted, i64
from deepbass_engine.nsynth.cpu.target import PANEL, target

_F32, _F16, _I8, _I32, _I64 = (
    ir.FloatType(), ir.HalfType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
)  # fmt: skip
_KINDS = {types.float32: "f32", types.uint16: "f16", types.int8: "i8"}
_WEIGHT_BYTES = {"f32": 4, "f16": 2, "i8": 1}
_AHEAD_BYTES = {"f32": 6144, "f16": 4096, "i8": 4096}
"""How far ahead weights are asked for from memory."""

_SUMMED_AT_ONCE = 128
"""Terms of a sum of floats that are added up from zero before they join the rest: it rounds less,
and so much of a panel stays in the first cache for all rows."""

_UNROLLED_ROWS = 2
"""Up to so many rows, a loop's own work would show: it takes several k at a time."""


@emitted
def multiply_panel(
    _typing: Any, weights: Any, at: Any, k: Any, x: Any, x_bytes: Any, n_rows: Any, y: Any,
    y_bytes: Any, x_scales: Any, scales: Any,
) -> Any:  # fmt: skip
    """Add rows times a panel to what is there.

    Parameters
    ----------
    weights : array of float32, uint16 or int8
        All matrices.
    at : int64
        Index of the panel's first element in `weights`.
    k : int64
        Rows of the matrix, a multiple of 4.
    x, x_bytes : int64
        Address of the left side, float32 or bytes, and the bytes from row to row.
    n_rows : int64
        Rows of the left side, at least one.
    y, y_bytes : int64
        Address of the sums, `PANEL` to a row, and the bytes from row to row.
    x_scales, scales : int64
        For bytes: addresses of each left row's scale, and of the panel's scales and offsets.
    """
    kind = _KINDS[weights.dtype]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = builder.ptrtoint(array.data, _I64)
        panel = builder.add(start, builder.mul(arguments[1], i64(_WEIGHT_BYTES[kind])))
        function = _function(builder.module, kind)
        builder.call(function, [panel, *arguments[2:]])
        return context.get_dummy_value()

    return types.void(weights, *[types.int64] * 9), generate


def _function(module: Any, kind: str) -> Any:
    """The kernel of a kind of weights in a module, made when first asked for."""
    name = f"deepbass_multiply_{kind}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_I64] * 9), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    panel, k, x, x_bytes, n_rows, y, y_bytes, x_scales, scales = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))

    def emit_rows(first_k: Any, n_k: Any) -> None:
        x_at = builder.add(x, builder.mul(first_k, i64(1 if kind == "i8" else 4)))
        weights_at = builder.add(panel, builder.mul(first_k, i64(PANEL * _WEIGHT_BYTES[kind])))
        _emit_row_blocks(
            builder, kind, weights_at, n_k, x_at, x_bytes, n_rows, y, y_bytes, x_scales, scales
        )

    if kind == "i8":
        emit_rows(i64(0), k)
    else:

        def emit_part(first_k: Any) -> None:
            left = builder.sub(k, first_k)
            is_short = builder.icmp_signed("<", left, i64(_SUMMED_AT_ONCE))
            emit_rows(first_k, builder.select(is_short, left, i64(_SUMMED_AT_ONCE)))

        emit_loop(builder, k, _SUMMED_AT_ONCE, emit_part)
    builder.ret_void()
    return function


def _emit_row_blocks(
    builder: Any, kind: str, panel: Any, k: Any, x: Any, x_bytes: Any, n_rows: Any, y: Any,
    y_bytes: Any, x_scales: Any, scales: Any,
) -> None:  # fmt: skip
    """Emit the product of all rows: a loop over blocks of rows, as equal in size as can be."""
    function = builder.function
    most = i64(target().rows)
    n_blocks = builder.udiv(builder.add(n_rows, i64(target().rows - 1)), most)
    before, head = builder.block, function.append_basic_block("block")
    after, following = function.append_basic_block("done"), function.append_basic_block("next")
    builder.branch(head)
    builder.position_at_end(head)
    block, row = builder.phi(_I64), builder.phi(_I64)
    blocks_left = builder.sub(n_blocks, block)
    rows_left = builder.sub(n_rows, row)
    n = builder.udiv(builder.add(rows_left, builder.sub(blocks_left, i64(1))), blocks_left)
    x_block = builder.add(x, builder.mul(row, x_bytes))
    y_block = builder.add(y, builder.mul(row, y_bytes))
    x_scales_block = builder.add(x_scales, builder.mul(row, i64(4)))
    never = function.append_basic_block("never")
    switch = builder.switch(n, never)
    ir.IRBuilder(never).unreachable()
    for rows in range(1, target().rows + 1):
        case = function.append_basic_block(f"rows{rows}")
        switch.add_case(i64(rows), case)
        builder.position_at_end(case)
        kernel = _Kernel(builder, kind, rows)
        kernel.emit(panel, k, x_block, x_bytes, y_block, y_bytes, x_scales_block, scales)
        builder.branch(following)
    builder.position_at_end(following)
    next_block, next_row = builder.add(block, i64(1)), builder.add(row, n)
    for phi, first, later in ((block, i64(0), next_block), (row, i64(0), next_row)):
        phi.add_incoming(first, before)
        phi.add_incoming(later, following)
    builder.cbranch(builder.icmp_signed("<", next_block, n_blocks), head, after)
    builder.position_at_end(after)


class _Kernel:
    """Emits the product of a fixed number of rows with a panel."""

    def __init__(self, builder: Any, kind: str, rows: int) -> None:
        self._builder = builder
        self._kind = kind
        self._rows = rows
        self._vectors = target().vectors
        self._emit = Emitter(builder, target().lanes)
        self._is_bytes = kind == "i8"
        self._element_bytes = _WEIGHT_BYTES[kind]
        self._sum_type = self._emit.ints if self._is_bytes else self._emit.floats
        self._k_at_once = 4 if self._is_bytes else 1

    def emit(
        self, panel: Any, k: Any, x: Any, x_bytes: Any, y: Any, y_bytes: Any, x_scales: Any,
        scales: Any,
    ) -> None:  # fmt: skip
        """Emit the product for all columns of the panel, some vectors of them at a time."""
        builder, lanes = self._builder, self._emit.lanes
        x_rows = [builder.add(x, builder.mul(i64(r), x_bytes)) for r in range(self._rows)]
        y_rows = [builder.add(y, builder.mul(i64(r), y_bytes)) for r in range(self._rows)]
        for first in range(0, PANEL, lanes * self._vectors):
            weights = builder.add(panel, i64(first * self._element_bytes * self._k_at_once))
            y_at = [
                [builder.add(row, i64(4 * (first + lanes * v))) for v in range(self._vectors)]
                for row in y_rows
            ]
            sums = self._sums(weights, k, x_rows)
            for r, row in enumerate(y_at):
                for v, address in enumerate(row):
                    there = self._emit.load(address, self._emit.floats)
                    if self._is_bytes:
                        at = builder.add(scales, i64(4 * (first + lanes * v)))
                        value = self._unscaled(sums[r][v], r, at, x_scales, there)
                    else:
                        value = builder.fadd(there, sums[r][v])
                    self._emit.store(value, address)

    def _sums(self, weights: Any, k: Any, x_rows: list[Any]) -> list[list[Any]]:
        """Emit the loop over k."""
        builder = self._builder
        unroll = 4 if self._rows <= _UNROLLED_ROWS and not self._is_bytes else 1
        step = self._k_at_once * unroll
        before = builder.block
        loop, after = builder.append_basic_block("k"), builder.append_basic_block("summed")
        builder.branch(loop)
        builder.position_at_end(loop)
        at, weight_at = builder.phi(_I64), builder.phi(_I64)
        sums = [[builder.phi(self._sum_type) for _ in range(self._vectors)] for _ in x_rows]
        now: list[list[Any]] = [list(row) for row in sums]
        k_bytes = PANEL * self._element_bytes * self._k_at_once
        for u in range(unroll):
            self._ask_ahead(weight_at, u * k_bytes, k_bytes)
            column = [self._weight(weight_at, u * k_bytes, v) for v in range(self._vectors)]
            for r, x in enumerate(x_rows):
                factor = self._factor(x, builder.add(at, i64(u * self._k_at_once)))
                for v, w in enumerate(column):
                    now[r][v] = self._added(now[r][v], factor, w)
        at_next = builder.add(at, i64(step))
        weight_next = builder.add(weight_at, i64(k_bytes * unroll))
        at.add_incoming(i64(0), before)
        at.add_incoming(at_next, loop)
        weight_at.add_incoming(weights, before)
        weight_at.add_incoming(weight_next, loop)
        for phis, end in zip(sums, now, strict=True):
            for phi, value in zip(phis, end, strict=True):
                phi.add_incoming(ir.Constant(self._sum_type, None), before)
                phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", at_next, k), loop, after)
        builder.position_at_end(after)
        return now

    def _ask_ahead(self, weight_at: Any, offset: int, n_bytes: int) -> None:
        """Ask memory for weights that are needed soon."""
        ahead = _AHEAD_BYTES[self._kind]
        share = n_bytes * self._vectors * self._emit.lanes // PANEL
        for line in range(0, max(share, 1), 64):
            address = self._builder.add(weight_at, i64(offset + ahead + line))
            pointer = self._builder.inttoptr(address, _I8.as_pointer())
            flags = [ir.Constant(_I32, flag) for flag in (0, 3, 1)]
            self._emit.call("llvm.prefetch.p0", ir.VoidType(), pointer, *flags)

    def _weight(self, weight_at: Any, offset: int, v: int) -> Any:
        emit, lanes = self._emit, self._emit.lanes
        at = self._builder.add(
            weight_at, i64(offset + v * lanes * self._element_bytes * self._k_at_once)
        )
        if self._kind == "f32":
            return emit.load(at, emit.floats, align=4 * lanes)
        if self._kind == "f16":
            return self._builder.fpext(
                emit.load(at, ir.VectorType(_F16, lanes), align=2 * lanes), emit.floats
            )
        return emit.load(at, emit.ints, align=4 * lanes)

    def _factor(self, x: Any, k: Any) -> Any:
        """One element of a left row, or four bytes of it, in all lanes."""
        if self._is_bytes:
            four = self._emit.load(self._builder.add(x, k), _I32, align=4)
            return self._emit.splat(four, self._emit.ints)
        address = self._builder.add(x, self._builder.mul(k, i64(4)))
        return self._emit.splat(self._emit.load(address, _F32))

    def _added(self, total: Any, x: Any, w: Any) -> Any:
        if not self._is_bytes:
            return self._emit.multiply_add(x, w, total)
        width = 32 * self._emit.lanes
        name = f"llvm.x86.avx512.vpdpbusd.{width}"
        return self._emit.call(name, self._emit.ints, total, x, w)

    def _unscaled(self, total: Any, r: int, scales: Any, x_scales: Any, there: Any) -> Any:
        """Sums of bytes as floats, added to what is there."""
        builder, emit = self._builder, self._emit
        offset = emit.load(builder.add(scales, i64(4 * PANEL)), emit.floats)
        x_scale = emit.splat(emit.load(builder.add(x_scales, i64(4 * r)), _F32))
        scale = builder.fmul(x_scale, emit.load(scales, emit.floats))
        centred = builder.fsub(builder.sitofp(total, emit.floats), offset)
        return emit.multiply_add(centred, scale, there)
