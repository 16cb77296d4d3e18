"""Decodes something small on an emulated GPU that ThreadSanitizer watches.

It has to be loaded before Python, so this is a program of its own: FOLDER PRECISION.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import numpy as np
from cuda_on_cpu.emulated_gpu import EmulatedGpu
from nsynth_models import random_weights, small_config

from deepbass_engine.nsynth.cuda.program import Precision
from deepbass_engine.nsynth.decoder_cuda import CudaDecoder


def decode(folder: Path, precision: Precision) -> None:
    config = small_config(width=20, skip_width=24, layers=5, hop=7)
    generator = np.random.default_rng(0)
    encodings = generator.standard_normal((3, 3, config.n_z)).astype(np.float32)
    uniforms = generator.random((3, 12))
    for n_processors in (1, 4, 12):
        device = EmulatedGpu(folder, n_processors=n_processors, watched=True)
        decoding = CudaDecoder(config, random_weights(config), precision, device).start(encodings)
        decoding.advance(uniforms)
        decoding.follow(np.zeros((3, 4), np.uint8))
        decoding.keep([2, 0])
        decoding.advance(uniforms[:2, :3])


if __name__ == "__main__":
    decode(Path(sys.argv[1]), cast(Precision, sys.argv[2]))
    print("went through")
