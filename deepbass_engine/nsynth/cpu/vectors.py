"""Vector arithmetic as Numba intrinsics: what a loop in Python can't say to a processor.

Addresses are int64, lengths count floats and are multiples of `PANEL`. Nothing here allocates or
checks. Every function works element by element in a fixed order, so results depend neither on the
other rows of a batch nor on who computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from deepbass_engine.nsynth.cpu.emitting import EXP_LIMIT, Emitter, emit_loop, emitted, i64
from deepbass_engine.nsynth.cpu.target import target

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_SIGMOID_LIMIT, _TANH_LIMIT = 40.0, 15.0
"""Beyond these sigmoid and tanh are 0 or 1 in float32."""


def _emitter(builder: Any) -> Emitter:
    return Emitter(builder, target().lanes)


def _nothing(context: Any) -> Any:
    return context.get_dummy_value()


@emitted
def add_rows(_typing: Any, to: Any, a: Any, b: Any, n: Any) -> Any:
    """``to[:n] = a[:n] + b[:n]``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, b, n = arguments

        def body(i: Any) -> None:
            offset = builder.mul(i, i64(4))
            left, right = (emit.load(emit.at(x, offset), emit.floats) for x in (a, b))
            emit.store(builder.fadd(left, right), emit.at(to, offset))

        emit_loop(builder, n, emit.lanes, body)
        return _nothing(context)

    return types.void(types.int64, types.int64, types.int64, types.int64), generate


@emitted
def add_scaled(_typing: Any, to: Any, a: Any, factor: Any, n: Any) -> Any:
    """``to[:n] += a[:n] * factor``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, factor, n = arguments
        factors = emit.splat(factor)

        def body(i: Any) -> None:
            offset = builder.mul(i, i64(4))
            left, right = (emit.load(emit.at(x, offset), emit.floats) for x in (a, to))
            emit.store(emit.multiply_add(left, factors, right), emit.at(to, offset))

        emit_loop(builder, n, emit.lanes, body)
        return _nothing(context)

    return types.void(types.int64, types.int64, types.float32, types.int64), generate


@emitted
def copy_row(_typing: Any, to: Any, a: Any, n_bytes: Any) -> Any:
    """Copy bytes, a multiple of 64 of them."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, n_bytes = arguments
        kind = ir.VectorType(_I64, target().lanes // 2)

        def body(i: Any) -> None:
            emit.store(emit.load(emit.at(a, i), kind), emit.at(to, i))

        emit_loop(builder, n_bytes, 4 * target().lanes, body)
        return _nothing(context)

    return types.void(types.int64, types.int64, types.int64), generate


@emitted
def rectify(_typing: Any, to: Any, a: Any, n: Any) -> Any:
    """``to[:n] = max(a[:n], 0)``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, n = arguments

        def body(i: Any) -> None:
            offset = builder.mul(i, i64(4))
            value = emit.load(emit.at(a, offset), emit.floats)
            emit.store(emit.higher(value, emit.constant(0.0)), emit.at(to, offset))

        emit_loop(builder, n, emit.lanes, body)
        return _nothing(context)

    return types.void(types.int64, types.int64, types.int64), generate


@emitted
def gate(_typing: Any, to: Any, y: Any) -> Any:
    """``to[:32] = sigmoid(y[:32]) * tanh(y[32:64])``: half a panel of the gate."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, y = arguments
        for first in range(0, 32, emit.lanes):
            emit.store(_gated(emit, y, first), emit.at(to, 4 * first))
        return _nothing(context)

    return types.void(types.int64, types.int64), generate


@emitted
def gate_to_bytes(_typing: Any, to: Any, y: Any) -> Any:
    """`gate`, times 127, as bytes that have 128 at zero."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, y = arguments
        for first in range(0, 32, emit.lanes):
            scaled = builder.fmul(_gated(emit, y, first), emit.constant(127.0))
            emit.store(emit.bytes_of(scaled), emit.at(to, first), align=1)
        return _nothing(context)

    return types.void(types.int64, types.int64), generate


def _gated(emit: Emitter, y: Any, first: int) -> Any:
    """sigmoid(a) tanh(b) = e / ((1 + exp(-a)) (e + 2)), where e = exp(2 b) - 1: one division."""
    builder = emit.builder
    a = emit.clipped(emit.load(emit.at(y, 4 * first), emit.floats), _SIGMOID_LIMIT)
    b = emit.clipped(emit.load(emit.at(y, 4 * (first + 32)), emit.floats), _TANH_LIMIT)
    one = emit.constant(1.0)
    sigmoid_below = builder.fadd(emit.exp(builder.fsub(emit.constant(0.0), a)), one)
    e = emit.exp_less_one(builder.fadd(b, b))
    return builder.fdiv(e, builder.fmul(sigmoid_below, builder.fadd(e, emit.constant(2.0))))


@emitted
def row_to_bytes(_typing: Any, to: Any, a: Any, n: Any) -> Any:
    """Scale a row so that its largest magnitude is 127, as bytes that have 128 at zero.

    Returns what the bytes, less 128, must be multiplied by to give the row.
    """

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, n = arguments
        magnitudes = cgutils.alloca_once_value(builder, emit.constant(1e-20))

        def look(i: Any) -> None:
            value = emit.load(emit.at(a, builder.mul(i, i64(4))), emit.floats)
            magnitude = emit.named("fabs", value)
            builder.store(emit.higher(magnitude, builder.load(magnitudes)), magnitudes)

        emit_loop(builder, n, emit.lanes, look)
        largest = _across(emit, builder.load(magnitudes), _higher_of_two)
        factor = builder.fdiv(ir.Constant(_F32, 127.0), largest)
        factors = emit.splat(factor)

        def scale(i: Any) -> None:
            value = emit.load(emit.at(a, builder.mul(i, i64(4))), emit.floats)
            emit.store(emit.bytes_of(builder.fmul(value, factors)), emit.at(to, i), align=1)

        emit_loop(builder, n, emit.lanes, scale)
        return builder.fdiv(largest, ir.Constant(_F32, 127.0))

    return types.float32(types.int64, types.int64, types.int64), generate


@emitted
def exponentials(_typing: Any, to: Any, a: Any, n: Any) -> Any:
    """``to[:n] = exp(a[:n] - max(a[:n]))``; returns their sum."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, a, n = arguments
        highest = cgutils.alloca_once_value(builder, emit.constant(-3e38))
        total = cgutils.alloca_once_value(builder, emit.constant(0.0))

        def look(i: Any) -> None:
            value = emit.load(emit.at(a, builder.mul(i, i64(4))), emit.floats)
            builder.store(emit.higher(value, builder.load(highest)), highest)

        emit_loop(builder, n, emit.lanes, look)
        top = emit.splat(_across(emit, builder.load(highest), _higher_of_two))

        def raise_e(i: Any) -> None:
            offset = builder.mul(i, i64(4))
            below = builder.fsub(emit.load(emit.at(a, offset), emit.floats), top)
            value = emit.exp(emit.higher(below, emit.constant(-EXP_LIMIT)))
            emit.store(value, emit.at(to, offset))
            builder.store(builder.fadd(value, builder.load(total)), total)

        emit_loop(builder, n, emit.lanes, raise_e)
        return _across(emit, builder.load(total), lambda builder, a, b: builder.fadd(a, b))

    return types.float32(types.int64, types.int64, types.int64), generate


def _across(emit: Emitter, vector: Any, join: Callable[[Any, Any, Any], Any]) -> Any:
    """Join a vector's elements into one, from the first to the last."""
    elements = [
        emit.builder.extract_element(vector, ir.Constant(_I32, i)) for i in range(emit.lanes)
    ]
    joined = elements[0]
    for element in elements[1:]:
        joined = join(emit.builder, joined, element)
    return joined


def _higher_of_two(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


@emitted
def load_float(_typing: Any, address: Any) -> Any:
    """The float at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _emitter(builder).load(arguments[0], _F32)

    return types.float32(types.int64), generate


@emitted
def store_float(_typing: Any, address: Any, value: Any) -> Any:
    """Put a float at an address."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        _emitter(builder).store(arguments[1], arguments[0])
        return _nothing(context)

    return types.void(types.int64, types.float32), generate
