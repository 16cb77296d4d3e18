"""What speaks the NSynth transitions of a mix: a model, on a device, in a precision.

Settled from headers alone; the model's variables are read only where something is to be decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepbass_engine.errors import ModelError, shown
from deepbass_engine.mix.naming import Decides, versions

if TYPE_CHECKING:
    from deepbass_engine.nsynth.autoencoder import Autoencoder
    from deepbass_engine.nsynth.backends import Choice

_LIBRARIES = ("llvmlite", "numba", "numpy", "cupy", "cupy-cuda12x", "cupy-cuda13x")


@dataclass(frozen=True, slots=True)
class Voice:
    """A model and what computes it.

    Attributes
    ----------
    name
        What the model is called.
    asked
        The name or file it is loaded by.
    content_hash
        Hash of its configuration and variables.
    choice
        Device and precision.
    machine
        What the device is called: another one may round differently.
    """

    name: str
    asked: str
    content_hash: str
    choice: Choice
    machine: str

    @property
    def decides(self) -> Decides:
        """What decides the samples that it decodes of given encodings and random numbers."""
        return (self.content_hash, *self.choice, self.machine, versions(_LIBRARIES))

    def load(self) -> Autoencoder:
        """Read the model.

        Raises
        ------
        ModelError
            If it can't be used, or is another one by now.
        """
        from deepbass_engine.nsynth.models import load_model

        model = load_model(self.asked)
        if model.content_hash != self.content_hash:
            raise ModelError(
                f"the model {shown(self.name)!r} has changed since it was looked at",
                hint="start again",
            )
        return model


def voice_for(model: str, device: str = "auto", precision: str = "auto") -> Voice:
    """Settle on a model, a device and a precision.

    Parameters
    ----------
    model
        Name of a model that is here, or a model file; empty for the default one.
    device, precision
        As in `deepbass_engine.settings.OutputSettings`.

    Raises
    ------
    ModelError
        If there is no such model, or its header can't be read.
    DeviceError
        If the device or the precision can't be used here.
    """
    from deepbass_engine.nsynth import backends, models, weights

    asked = model or models.default_name()
    if asked is None:
        raise ModelError(
            "there is no model for NSynth transitions",
            hint="import one with deepbass model import, or use the method simple",
        )
    path = Path(asked)
    is_installed = asked in models.names()
    if not is_installed and path.exists() and path.suffix != weights.SUFFIX:
        raise ModelError(
            "is no model file of DeepBass, and a checkpoint takes too long to be read for each mix",
            path=path,
            hint="import it with deepbass model import, and give the name it gets",
        )
    if not is_installed and path.suffix == weights.SUFFIX:
        name, source = path.stem, weights.read_header(path).source
    else:
        name, source = asked, models.facts(asked).source
    found = backends.devices()
    choice = backends.choose(device, precision, found=found)
    machine = next(facts.name for facts in found if facts.device == choice.device)
    return Voice(name, asked, source.content_hash, choice, machine)
