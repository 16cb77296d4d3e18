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

from dataclasses import dataclass
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
_K_AT_ONCE = {"f32": 1, "f16": 1, "i8": 4}
_CACHE_LINE_BYTES = 64

_SUMMED_AT_ONCE = 128
"""Terms of a sum of floats that are added up from zero before they join the rest: it rounds less,
and so much of a panel stays in the first cache for all rows."""

_UNROLLED_ROWS = 2
"""Up to so many rows, a loop's own work would show: it takes several k at a time."""


@emitted
def multiply_panel(
    _typing: Any, weights: Any, at: Any, next_at: Any, k: Any, x: Any, x_bytes: Any, n_rows: Any,
    y: Any, y_bytes: Any, x_scales: Any, scales: Any,
) -> Any:  # fmt: skip
    """Add rows times a panel to what is there.

    Parameters
    ----------
    weights : array of float32, uint16 or int8
        All matrices.
    at : int64
        Index of the panel's first element in `weights`.
    next_at : int64
        Index of what is multiplied next: memory is asked for it meanwhile.
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
        panels = [
            builder.add(start, builder.mul(index, i64(_WEIGHT_BYTES[kind])))
            for index in arguments[1:3]
        ]
        function = _function(builder.module, kind)
        builder.call(function, [*panels, *arguments[3:]])
        return context.get_dummy_value()

    return types.void(weights, *[types.int64] * 10), generate


@dataclass(frozen=True)
class _Rows:
    """Left side and sums: addresses of their first rows, and the bytes from row to row."""

    x: Any
    x_bytes: Any
    y: Any
    y_bytes: Any
    x_scales: Any

    def beginning(self, builder: Any, row: Any, x_offset: Any) -> _Rows:
        """From some row on, the left side from some byte of the rows on."""
        return _Rows(
            builder.add(builder.add(self.x, x_offset), builder.mul(row, self.x_bytes)),
            self.x_bytes,
            builder.add(self.y, builder.mul(row, self.y_bytes)),
            self.y_bytes,
            builder.add(self.x_scales, builder.mul(row, i64(4))),
        )


@dataclass(frozen=True)
class _Part:
    """Some rows of a panel: address, number, scales, and the address of what comes next."""

    weights: Any
    k: Any
    scales: Any
    following: Any


def _function(module: Any, kind: str) -> Any:
    """The kernel of a kind of weights in a module, made when first asked for."""
    name = f"deepbass_multiply_{kind}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_I64] * 10), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    panel, following, k, x, x_bytes, n_rows, y, y_bytes, x_scales, scales = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    rows = _Rows(x, x_bytes, y, y_bytes, x_scales)
    if kind == "i8":
        part = _Part(panel, k, scales, following)
        _emit_row_blocks(builder, kind, part, rows, n_rows, i64(0))
    else:

        def emit_part(first_k: Any) -> None:
            left = builder.sub(k, first_k)
            is_last = builder.icmp_signed("<=", left, i64(_SUMMED_AT_ONCE))
            row_bytes = i64(PANEL * _WEIGHT_BYTES[kind])
            weights = builder.add(panel, builder.mul(first_k, row_bytes))
            behind = builder.add(weights, builder.mul(i64(_SUMMED_AT_ONCE), row_bytes))
            part = _Part(
                weights,
                builder.select(is_last, left, i64(_SUMMED_AT_ONCE)),
                scales,
                builder.select(is_last, following, behind),
            )
            x_offset = builder.mul(first_k, i64(4))
            _emit_row_blocks(builder, kind, part, rows, n_rows, x_offset)

        emit_loop(builder, k, _SUMMED_AT_ONCE, emit_part)
    builder.ret_void()
    return function


def _emit_row_blocks(
    builder: Any, kind: str, part: _Part, rows: _Rows, n_rows: Any, x_offset: Any
) -> None:
    """Emit the product of all rows: a loop over blocks of rows, as equal in size as can be.

    Each block asks memory for its share of what comes next.
    """
    function = builder.function
    most = i64(target().rows)
    n_blocks = builder.udiv(builder.add(n_rows, i64(target().rows - 1)), most)
    part_bytes = builder.mul(part.k, i64(PANEL * _WEIGHT_BYTES[kind]))
    share_bytes = builder.udiv(part_bytes, n_blocks)
    before, head = builder.block, function.append_basic_block("block")
    after, going_on = function.append_basic_block("done"), function.append_basic_block("next")
    builder.branch(head)
    builder.position_at_end(head)
    block, row = builder.phi(_I64), builder.phi(_I64)
    blocks_left = builder.sub(n_blocks, block)
    rows_left = builder.sub(n_rows, row)
    n = builder.udiv(builder.add(rows_left, builder.sub(blocks_left, i64(1))), blocks_left)
    own = rows.beginning(builder, row, x_offset)
    ahead = builder.add(part.following, builder.mul(block, share_bytes))
    ahead_step = builder.udiv(i64(PANEL * _WEIGHT_BYTES[kind] * _K_AT_ONCE[kind]), n_blocks)
    never = function.append_basic_block("never")
    switch = builder.switch(n, never)
    ir.IRBuilder(never).unreachable()
    for size in range(1, target().rows + 1):
        case = function.append_basic_block(f"rows{size}")
        switch.add_case(i64(size), case)
        builder.position_at_end(case)
        _Kernel(builder, kind, size).emit(part, own, ahead, ahead_step)
        builder.branch(going_on)
    builder.position_at_end(going_on)
    next_block, next_row = builder.add(block, i64(1)), builder.add(row, n)
    for phi, first, later in ((block, i64(0), next_block), (row, i64(0), next_row)):
        phi.add_incoming(first, before)
        phi.add_incoming(later, going_on)
    builder.cbranch(builder.icmp_signed("<", next_block, n_blocks), head, after)
    builder.position_at_end(after)


class _Kernel:
    """Emits the product of a fixed number of rows with a part of a panel."""

    def __init__(self, builder: Any, kind: str, n_rows: int) -> None:
        self._builder = builder
        self._kind = kind
        self._n_rows = n_rows
        self._vectors = target().vectors
        self._emit = Emitter(builder, target().lanes)
        self._is_bytes = kind == "i8"
        self._element_bytes = _WEIGHT_BYTES[kind]
        self._sum_type = self._emit.ints if self._is_bytes else self._emit.floats
        self._k_at_once = _K_AT_ONCE[kind]
        self._k_bytes = PANEL * self._element_bytes * self._k_at_once

    def emit(self, part: _Part, rows: _Rows, ahead: Any, ahead_step: Any) -> None:
        """Emit the product for all columns of the panel, some vectors of them at a time."""
        builder, lanes = self._builder, self._emit.lanes
        numbers = range(self._n_rows)
        x_rows = [builder.add(rows.x, builder.mul(i64(r), rows.x_bytes)) for r in numbers]
        y_rows = [builder.add(rows.y, builder.mul(i64(r), rows.y_bytes)) for r in numbers]
        for first in range(0, PANEL, lanes * self._vectors):
            weights = builder.add(part.weights, i64(first * self._element_bytes * self._k_at_once))
            asked = (ahead, ahead_step) if first == 0 else None
            sums = self._sums(weights, part.k, x_rows, asked)
            for r, y in enumerate(y_rows):
                for v in range(self._vectors):
                    offset = i64(4 * (first + lanes * v))
                    address = builder.add(y, offset)
                    there = self._emit.load(address, self._emit.floats)
                    if self._is_bytes:
                        scales = builder.add(part.scales, offset)
                        x_scale = builder.add(rows.x_scales, i64(4 * r))
                        value = self._unscaled(sums[r][v], scales, x_scale, there)
                    else:
                        value = builder.fadd(there, sums[r][v])
                    self._emit.store(value, address)

    def _sums(
        self, weights: Any, k: Any, x_rows: list[Any], asked: tuple[Any, Any] | None
    ) -> list[list[Any]]:
        """Emit the loop over k; asks memory for addresses from the one given on, by its step."""
        builder = self._builder
        unroll = 4 if self._n_rows <= _UNROLLED_ROWS and not self._is_bytes else 1
        step = self._k_at_once * unroll
        before = builder.block
        loop, after = builder.append_basic_block("k"), builder.append_basic_block("summed")
        builder.branch(loop)
        builder.position_at_end(loop)
        at, weight_at, ahead = builder.phi(_I64), builder.phi(_I64), builder.phi(_I64)
        sums = [[builder.phi(self._sum_type) for _ in range(self._vectors)] for _ in x_rows]
        now: list[list[Any]] = [list(row) for row in sums]
        ahead_next = ahead
        for u in range(unroll):
            if asked is not None:
                self._ask(ahead_next)
                ahead_next = builder.add(ahead_next, asked[1])
            column = [self._weight(weight_at, u * self._k_bytes, v) for v in range(self._vectors)]
            for r, x in enumerate(x_rows):
                factor = self._factor(x, builder.add(at, i64(u * self._k_at_once)))
                for v, w in enumerate(column):
                    now[r][v] = self._added(now[r][v], factor, w)
        at_next = builder.add(at, i64(step))
        weight_next = builder.add(weight_at, i64(self._k_bytes * unroll))
        for phi, first, later in (
            (at, i64(0), at_next),
            (weight_at, weights, weight_next),
            (ahead, asked[0] if asked else i64(0), ahead_next),
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(later, loop)
        for phis, end in zip(sums, now, strict=True):
            for phi, value in zip(phis, end, strict=True):
                phi.add_incoming(ir.Constant(self._sum_type, None), before)
                phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", at_next, k), loop, after)
        builder.position_at_end(after)
        return now

    def _ask(self, address: Any) -> None:
        """Ask memory for as many bytes as one round of the loop takes, into the second cache."""
        for line in range(0, self._k_bytes, _CACHE_LINE_BYTES):
            pointer = self._builder.inttoptr(
                self._builder.add(address, i64(line)), _I8.as_pointer()
            )
            flags = [ir.Constant(_I32, flag) for flag in (0, 2, 1)]
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

    def _unscaled(self, total: Any, scales: Any, x_scale: Any, there: Any) -> Any:
        """Sums of bytes as floats, added to what is there."""
        builder, emit = self._builder, self._emit
        offset = emit.load(builder.add(scales, i64(4 * PANEL)), emit.floats)
        scale = builder.fmul(emit.splat(emit.load(x_scale, _F32)), emit.load(scales, emit.floats))
        centred = builder.fsub(builder.sitofp(total, emit.floats), offset)
        return emit.multiply_add(centred, scale, there)
