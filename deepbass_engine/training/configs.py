"""Shapes of the models that can be trained by name."""

from __future__ import annotations

from deepbass_engine.nsynth.config import WaveNetConfig

CONFIGS = {
    "small": WaveNetConfig(
        encoder_width=32, encoder_layers=10, n_z=16, width=32, layers=20, skip_width=128
    ),
    "h512_bo16": WaveNetConfig(
        encoder_width=128, encoder_layers=30, n_z=16, width=512, layers=30, skip_width=256
    ),
}
"""Models to train: the one that ships with the program, and the published one."""
