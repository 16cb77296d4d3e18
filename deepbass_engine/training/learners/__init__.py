"""One step of training, on each backend of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import DeviceError
from deepbass_engine.nsynth.config import WaveNetConfig

if TYPE_CHECKING:
    from deepbass_engine.training.learners.learner import Learner

EXTRA_HINT = "pip install 'deepbass[train]' brings Keras and TensorFlow"


def backend() -> str:
    """The backend of Keras in use, as `KERAS_BACKEND` or Keras' own settings name it.

    Raises
    ------
    DeviceError
        If Keras or its backend is not installed.
    """
    try:
        import keras
    except ImportError as error:
        raise DeviceError(
            f"training needs Keras and a backend of it: {error}",
            hint=f"{EXTRA_HINT}; KERAS_BACKEND chooses among tensorflow, jax and torch",
        ) from error
    return str(keras.backend.backend())


def make_learner(
    config: WaveNetConfig, weights: Mapping[str, NDArray[np.float32]], dtype: str
) -> Learner:
    """A learner on the backend in use, see `Learner` for the arguments.

    Raises
    ------
    DeviceError
        If Keras is not installed or has another backend than TensorFlow, JAX or Torch.
    """
    name = backend()
    if name == "tensorflow":
        from deepbass_engine.training.learners.on_tensorflow import TensorFlowLearner

        return TensorFlowLearner(config, weights, dtype)
    if name == "jax":
        from deepbass_engine.training.learners.on_jax import JaxLearner

        return JaxLearner(config, weights, dtype)
    if name == "torch":
        from deepbass_engine.training.learners.on_torch import TorchLearner

        return TorchLearner(config, weights, dtype)
    raise DeviceError(
        f"Keras has the backend {name}, which can't train",
        hint="set KERAS_BACKEND to tensorflow, jax or torch",
    )
