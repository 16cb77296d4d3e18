"""Where threads wait for each other: a barrier for threads that run without the GIL.

Each thread counts its arrivals in a cache line of its own and looks at the counts of the others: no
locked instruction is needed. Who waits long gives up its turn on the processor, so that more
threads than processors make progress too.
"""

from __future__ import annotations

import sys
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils

from deepbass_engine.nsynth.cpu.emitting import emitted
from deepbass_engine.nsynth.cpu.target import target

FLAG_BYTES = 128
"""Room for each thread's count: two cache lines, which some processors fetch together."""

_LOOKS_BEFORE_YIELDING = 16_384
_I32, _I64 = ir.IntType(32), ir.IntType(64)

_give_up_turn = types.ExternalFunction(
    "SwitchToThread" if sys.platform == "win32" else "sched_yield", types.int32()
)


@emitted
def _publish(_typing: Any, address: Any, count: Any) -> Any:
    """Store a count; whoever sees it sees all that was stored before."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _I64.as_pointer())
        builder.store_atomic(arguments[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@emitted
def _look(_typing: Any, address: Any) -> Any:
    """Load a count, and with it all that was stored before it."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _I64.as_pointer())
        return builder.load_atomic(pointer, "acquire", 8, typ=_I64)

    return types.int64(types.int64), generate


@emitted
def _pause(_typing: Any) -> Any:
    """Tell the processor that this is a loop that waits."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        if target().is_x86:
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), generate


def _meet(flags: int, thread: int, n_threads: int, count: int) -> None:
    """Wait until all threads have come to their `count`-th meeting.

    Parameters
    ----------
    flags
        Address of `n_threads` counts, `FLAG_BYTES` apart.
    thread
        Number of this thread.
    n_threads
        How many there are.
    count
        Higher by one at each meeting.
    """
    if n_threads == 1:
        return
    _publish(flags + thread * FLAG_BYTES, count)
    for other in range(n_threads):
        looks = 0
        while _look(flags + other * FLAG_BYTES) < count:
            looks += 1
            if looks < _LOOKS_BEFORE_YIELDING:
                _pause()
            else:
                _give_up_turn()


meet = numba.njit(nogil=True)(_meet)
