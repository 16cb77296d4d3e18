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
from numba.extending import intrinsic

from deepbass_engine.nsynth.cpu.target import target

_F32, _I8, _I32, _I64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.44269504, 0.693359375, -2.12194440e-4
_EXP_TERMS = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)  # fmt: skip
"""Of Cephes' expf (S. Moshier): exp(r) for r within half of ln 2."""

_EXP_LIMIT = 87.0
_SIGMOID_LIMIT, _TANH_LIMIT = 40.0, 15.0
"""Beyond these sigmoid and tanh are 0 or 1 in float32."""


class Emitter:
    """Emits arithmetic on vectors of `lanes` floats."""

    def __init__(self, builder: Any, lanes: int) -> None:
        self.builder = builder
        self.lanes = lanes
        self.floats = ir.VectorType(_F32, lanes)
        self.ints = ir.VectorType(_I32, lanes)

    def load(self, address: Any, kind: Any, align: int = 4) -> Any:
        """Read a value of a type from an address."""
        pointer = self.builder.inttoptr(address, kind.as_pointer())
        return self.builder.load(pointer, align=align, typ=kind)

    def store(self, value: Any, address: Any, align: int = 4) -> None:
        """Write a value to an address."""
        pointer = self.builder.inttoptr(address, value.type.as_pointer())
        self.builder.store(value, pointer, align=align)

    def at(self, address: Any, offset: Any) -> Any:
        """An address some bytes on."""
        return self.builder.add(address, offset if isinstance(offset, ir.Value) else i64(offset))

    def splat(self, scalar: Any, kind: Any = None) -> Any:
        """A vector of one value."""
        kind = kind or self.floats
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
        mask = ir.Constant(ir.VectorType(_I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, mask)

    def constant(self, value: float) -> Any:
        """A vector of one number."""
        return ir.Constant(self.floats, [value] * self.lanes)

    def call(self, name: str, kind: Any, *arguments: Any) -> Any:
        """Call a function of LLVM or the C library."""
        signature = ir.FunctionType(kind, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, signature, name)
        return self.builder.call(function, arguments)

    def named(self, operation: str, *vectors: Any) -> Any:
        """Call LLVM's operation on float vectors."""
        return self.call(f"llvm.{operation}.v{self.lanes}f32", self.floats, *vectors)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, in one rounding where the processor can."""
        if target().fuses:
            return self.named("fma", a, b, c)
        return self.builder.fadd(self.builder.fmul(a, b), c)

    def lower(self, a: Any, b: Any) -> Any:
        """The lower of two, element by element."""
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), a, b)

    def higher(self, a: Any, b: Any) -> Any:
        """The higher of two, element by element."""
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def clipped(self, x: Any, limit: float) -> Any:
        """Not beyond a limit on either side."""
        return self.higher(self.lower(x, self.constant(limit)), self.constant(-limit))

    def whole(self, x: Any) -> Any:
        """The whole number at or below, as int32."""
        towards_zero = self.builder.fptosi(x, self.ints)
        is_above = self.builder.fcmp_ordered(">", self.builder.sitofp(towards_zero, self.floats), x)
        return self.builder.add(towards_zero, self.builder.sext(is_above, self.ints))

    def exp(self, x: Any) -> Any:
        """e to the x, for x within `_EXP_LIMIT`; right to about one unit in the last place."""
        power, rest = self._exp_parts(x)
        return self.builder.fmul(self.builder.fadd(rest, self.constant(1.0)), power)

    def exp_less_one(self, x: Any) -> Any:
        """e to the x, less 1: as exact near zero as elsewhere."""
        power, rest = self._exp_parts(x)
        return self.multiply_add(power, rest, self.builder.fsub(power, self.constant(1.0)))

    def _exp_parts(self, x: Any) -> tuple[Any, Any]:
        """A power of two p and a small r, where e to the x is p (1 + r)."""
        builder = self.builder
        power = self.whole(self.multiply_add(x, self.constant(_LOG2_E), self.constant(0.5)))
        n = builder.sitofp(power, self.floats)
        rest = self.multiply_add(n, self.constant(-_LN2_HIGH), x)
        rest = self.multiply_add(n, self.constant(-_LN2_LOW), rest)
        series = self.constant(_EXP_TERMS[0])
        for term in _EXP_TERMS[1:]:
            series = self.multiply_add(series, rest, self.constant(term))
        bias, shift = (ir.Constant(self.ints, [n] * self.lanes) for n in (127, 23))
        scale = builder.bitcast(builder.shl(builder.add(power, bias), shift), self.floats)
        return scale, self.multiply_add(series, builder.fmul(rest, rest), rest)

    def bytes_of(self, x: Any) -> Any:
        """Numbers from -127 to 127, rounded, as bytes that have 128 at zero."""
        shifted = self.builder.fadd(x, self.constant(128.5))
        return self.builder.trunc(
            self.builder.fptosi(shifted, self.ints), ir.VectorType(_I8, self.lanes)
        )


def i64(value: int) -> Any:
    """A 64-bit number."""
    return ir.Constant(_I64, value)


def emit_loop(builder: Any, n: Any, step: int, body: Callable[[Any], None]) -> None:
    """Emit a loop over 0, step, ... below n, of at least one round."""
    before = builder.block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    index = builder.phi(_I64)
    index.add_incoming(i64(0), before)
    body(index)
    following = builder.add(index, i64(step))
    index.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, after)
    builder.position_at_end(after)


def _emitter(builder: Any) -> Emitter:
    return Emitter(builder, target().lanes)


def _nothing(context: Any) -> Any:
    return context.get_dummy_value()


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
def gate(_typing: Any, to: Any, y: Any) -> Any:
    """``to[:32] = sigmoid(y[:32]) * tanh(y[32:64])``: half a panel of the gate."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        emit = _emitter(builder)
        to, y = arguments
        for first in range(0, 32, emit.lanes):
            emit.store(_gated(emit, y, first), emit.at(to, 4 * first))
        return _nothing(context)

    return types.void(types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
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


@intrinsic  # type: ignore[untyped-decorator]
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
            value = emit.exp(emit.higher(below, emit.constant(-_EXP_LIMIT)))
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


@intrinsic  # type: ignore[untyped-decorator]
def load_float(_typing: Any, address: Any) -> Any:
    """The float at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _emitter(builder).load(arguments[0], _F32)

    return types.float32(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def store_float(_typing: Any, address: Any, value: Any) -> Any:
    """Put a float at an address."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        _emitter(builder).store(arguments[1], arguments[0])
        return _nothing(context)

    return types.void(types.int64, types.float32), generate
