"""What can decode here, and why not: devices, precisions, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from deepbass_engine.errors import DeviceError
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.decoding import Decoder

Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "float16", "int8"]


class Choice(NamedTuple):
    """A device and a precision on it."""

    device: Device
    precision: Precision


class DeviceFacts(Struct, frozen=True, kw_only=True):
    """A device as `devices` found it.

    Attributes
    ----------
    device
        "cpu" or "cuda".
    name
        What the machine calls it; empty where there is none.
    precisions
        Those that can be used on it, the default first; none where the device can't be used.
    reasons
        Why the device, or a precision on it, can't be used.
    """

    device: Device
    name: str
    precisions: tuple[Precision, ...]
    reasons: tuple[str, ...]


def devices() -> tuple[DeviceFacts, ...]:
    """Look at the machine: what can decode here, and why the rest can't."""
    from deepbass_engine.nsynth.decoder_cpu import cpu_facts
    from deepbass_engine.nsynth.decoder_cuda import cuda_facts

    return cpu_facts(), cuda_facts()


def choose(
    device: str = "auto",
    precision: str = "auto",
    *,
    found: tuple[DeviceFacts, ...] | None = None,
) -> Choice:
    """Settle on a device and a precision.

    Parameters
    ----------
    device
        "cpu", "cuda", or "auto" for the fastest there is.
    precision
        "float32", "float16", "int8", or "auto" for the device's default.
    found
        What `devices` has found, where it was asked already.

    Raises
    ------
    DeviceError
        If there is no such device here, or it can't compute in this precision; says why.
    """
    found = devices() if found is None else found
    usable = [facts for facts in found if facts.precisions]
    if device != "auto":
        usable = [facts for facts in usable if facts.device == device]
    if not usable:
        reasons = "; ".join(r for facts in found if facts.device == device for r in facts.reasons)
        raise DeviceError(
            f"{device} can't decode here" + (f": {reasons}" if reasons else ""),
            hint="see deepbass devices",
        )
    facts = usable[-1]  # a GPU comes behind the CPU
    if precision == "auto":
        return Choice(facts.device, facts.precisions[0])
    if precision not in facts.precisions:
        reasons = "; ".join(r for r in facts.reasons if precision in r)
        raise DeviceError(
            f"{facts.device} can't compute in {precision} here"
            + (f": {reasons}" if reasons else ""),
            hint="it can in " + ", ".join(facts.precisions),
        )
    return Choice(facts.device, precision)


def make_decoder(
    config: WaveNetConfig, weights: Mapping[str, NDArray[np.float32]], choice: Choice
) -> Decoder:
    """Lay a model out for a device and a precision.

    Raises
    ------
    DeviceError
        If the device has too little memory.
    """
    if choice.device == "cuda":
        from deepbass_engine.nsynth.decoder_cuda import CudaDecoder

        return CudaDecoder(config, weights, choice.precision)
    from deepbass_engine.nsynth.decoder_cpu import CpuDecoder

    return CpuDecoder(config, weights, choice.precision)
