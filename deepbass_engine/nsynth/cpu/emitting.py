"""Says vector arithmetic in LLVM's intermediate representation, for Numba to compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from deepbass_engine.nsynth.cpu.target import target

_F32, _I8, _I32, _I64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.44269504, 0.693359375, -2.12194440e-4
_EXP_TERMS = (
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5,
)  # fmt: skip
"""Of Cephes' expf (S. Moshier): exp(r) for r within half of ln 2."""

EXP_LIMIT = 87.0
"""Magnitude up to which `Emitter.exp` is right."""

emitted = cast(Callable[[Callable[..., Any]], Callable[..., Any]], intrinsic)
"""Decorates a function that emits code so that compiled functions may call it."""


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
        """Powers of e, for x within `EXP_LIMIT`; right to about one unit in the last place."""
        power, rest = self._exp_parts(x)
        return self.builder.fmul(self.builder.fadd(rest, self.constant(1.0)), power)

    def exp_less_one(self, x: Any) -> Any:
        """Powers of e less 1, as exact near zero as elsewhere."""
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
