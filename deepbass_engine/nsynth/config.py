"""Shape of a WaveNet autoencoder: widths, layers, dilations, and the variables that follow.

The published model is ``h512_bo16``. Variable names and layouts are those of its checkpoint:
``<layer>/W`` of shape ``(1, filter length, channels in, channels out)`` and ``<layer>/biases``.

Source: Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", 2017.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count

from msgspec import Struct

from deepbass_engine.errors import ModelError

SAMPLE_RATE_HZ = 16_000
"""Rate of everything a model hears and says."""

Shape = tuple[int, ...]

_MOST_CHANNELS = 1 << 16
_LIMITS = {"hop": 1 << 20, "dilation_cycle": 16, "encoder_dilation_cycle": 16, "n_classes": 256}


class WaveNetConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shape of a model.

    Attributes
    ----------
    encoder_width, encoder_layers, encoder_filter_length
        Channels, layers and taps of the encoder.
    n_z
        Numbers in one frame of an encoding.
    hop
        Samples to one frame.
    width, layers, filter_length
        Channels, layers and taps of the decoder.
    skip_width
        Channels of the decoder's skip connections and of its head.
    dilation_cycle, encoder_dilation_cycle
        Layers after which the dilations begin at 1 again.
    n_classes
        Values a sample can have.
    """

    encoder_width: int
    encoder_layers: int
    n_z: int
    width: int
    layers: int
    skip_width: int
    filter_length: int = 3
    encoder_filter_length: int = 3
    hop: int = 512
    dilation_cycle: int = 10
    encoder_dilation_cycle: int = 10
    n_classes: int = 256

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value, most = getattr(self, name), _LIMITS.get(name, _MOST_CHANNELS)
            if not 1 <= value <= most:
                raise ModelError(f"{name} is {value}", hint=f"it must be from 1 to {most}")
        if self.encoder_filter_length % 2 == 0:
            raise ModelError(
                f"encoder_filter_length is {self.encoder_filter_length}",
                hint="the encoder looks as far ahead as back, so it must be odd",
            )

    @property
    def dilations(self) -> tuple[int, ...]:
        """Dilation of each layer of the decoder."""
        return tuple(2 ** (i % self.dilation_cycle) for i in range(self.layers))

    @property
    def encoder_dilations(self) -> tuple[int, ...]:
        """Dilation of each layer of the encoder."""
        return tuple(2 ** (i % self.encoder_dilation_cycle) for i in range(self.encoder_layers))

    @property
    def receptive_field(self) -> int:
        """Samples, the present one included, that decide the next one."""
        return 1 + (self.filter_length - 1) * (1 + sum(self.dilations))

    @property
    def n_parameters(self) -> int:
        """Numbers in all variables."""
        return sum(_size(shape) for shape in self.variables().values())

    def variables(self) -> dict[str, Shape]:
        """Name and shape of every variable, in the order of the network."""
        shapes: dict[str, Shape] = {}

        def layer(name: str, n_taps: int, n_in: int, n_out: int) -> None:
            shapes[f"{name}/W"] = (1, n_taps, n_in, n_out)
            shapes[f"{name}/biases"] = (n_out,)

        layer("ae_startconv", self.encoder_filter_length, 1, self.encoder_width)
        for i in range(1, self.encoder_layers + 1):
            layer(
                f"ae_dilatedconv_{i}",
                self.encoder_filter_length,
                self.encoder_width,
                self.encoder_width,
            )
            layer(f"ae_res_{i}", 1, self.encoder_width, self.encoder_width)
        layer("ae_bottleneck", 1, self.encoder_width, self.n_z)
        layer("startconv", self.filter_length, 1, self.width)
        layer("skip_start", 1, self.width, self.skip_width)
        for i in range(1, self.layers + 1):
            layer(f"dilatedconv_{i}", self.filter_length, self.width, 2 * self.width)
            layer(f"cond_map_{i}", 1, self.n_z, 2 * self.width)
            layer(f"res_{i}", 1, self.width, self.width)
            layer(f"skip_{i}", 1, self.width, self.skip_width)
        layer("out1", 1, self.skip_width, self.skip_width)
        layer("cond_map_out1", 1, self.n_z, self.skip_width)
        layer("logits", 1, self.skip_width, self.n_classes)
        return shapes


def config_of_shapes(
    shapes: Mapping[str, Shape],
    *,
    hop: int = 512,
    dilation_cycle: int = 10,
    encoder_dilation_cycle: int = 10,
) -> WaveNetConfig:
    """Read a model's configuration off its variables.

    Parameters
    ----------
    shapes
        Shape of each variable; names that are none of a model's are passed over.
    hop, dilation_cycle, encoder_dilation_cycle
        What shapes don't tell; the published model's unless given.

    Raises
    ------
    ModelError
        If a variable is missing or has another shape than the rest ask for; the first is named.
    """

    def shape(name: str, n_axes: int) -> Shape:
        found = shapes.get(name)
        if found is None:
            raise ModelError(f"has no variable {name}", hint=_WHOLE_MODEL)
        if len(found) != n_axes:
            raise ModelError(f"variable {name} has shape {found}", hint=_WHOLE_MODEL)
        return found

    def n_layers(*parts: str) -> int:
        """Layers of which there is anything, so that what is missing of the last is named."""
        names = {f"{part}_{{}}/{kind}" for part in parts for kind in ("W", "biases")}
        return next(i for i in count(1) if not any(n.format(i) in shapes for n in names)) - 1

    start, encoder_start = shape("startconv/W", 4), shape("ae_startconv/W", 4)
    config = WaveNetConfig(
        encoder_width=encoder_start[3],
        encoder_layers=n_layers("ae_dilatedconv", "ae_res"),
        n_z=shape("ae_bottleneck/W", 4)[3],
        width=start[3],
        layers=n_layers("dilatedconv", "cond_map", "res", "skip"),
        skip_width=shape("skip_start/W", 4)[3],
        filter_length=start[1],
        encoder_filter_length=encoder_start[1],
        hop=hop,
        dilation_cycle=dilation_cycle,
        encoder_dilation_cycle=encoder_dilation_cycle,
        n_classes=shape("logits/W", 4)[3],
    )
    check_shapes(shapes, config)
    return config


def check_shapes(shapes: Mapping[str, Shape], config: WaveNetConfig) -> None:
    """Hold variables against a configuration.

    Raises
    ------
    ModelError
        If one is missing, has another shape, or belongs to a layer the model has not; the first
        is named.
    """
    wanted = config.variables()
    for name, shape in wanted.items():
        if name not in shapes:
            raise ModelError(f"has no variable {name} {shape}", hint=_WHOLE_MODEL)
        if tuple(shapes[name]) != shape:
            raise ModelError(
                f"variable {name} has shape {tuple(shapes[name])} where the others ask for {shape}",
                hint=_WHOLE_MODEL,
            )
    for name in shapes:
        if name not in wanted and _LAYER.fullmatch(name):
            raise ModelError(
                f"has a variable {name} behind a layer that is missing", hint=_WHOLE_MODEL
            )


_WHOLE_MODEL = "give a whole checkpoint of an NSynth WaveNet autoencoder"
_LAYER = re.compile(r"(ae_)?(dilatedconv|cond_map|res|skip)_\d+/(W|biases)")


def _size(shape: Shape) -> int:
    n = 1
    for axis in shape:
        n *= axis
    return n
