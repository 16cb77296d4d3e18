"""What trains a model, one batch at a time; each backend of Keras has one of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import DeviceMemoryError
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.training import network
from deepbass_engine.training.learners.adam import AveragingAdam

Classes = NDArray[np.uint8]
State = dict[str, NDArray[Any]]


class Learner(ABC):
    """A model being trained.

    Parameters
    ----------
    config
        Its shape.
    weights
        What it begins with.
    dtype
        What its layers compute in, "float32" or "bfloat16".
    """

    n_devices = 1
    """Devices that a batch is dealt to, those of other machines among them; it must divide it."""

    writes = True
    """Whether this process is the one of its group that writes files."""

    def __init__(
        self, config: WaveNetConfig, weights: Mapping[str, NDArray[np.float32]], dtype: str
    ) -> None:
        self._config, self._dtype = config, dtype
        self._names = tuple(config.variables())
        self._variables = [
            keras.Variable(weights[name], dtype="float32", name=name.replace("/", "_"))
            for name in self._names
        ]
        self._optimizer = AveragingAdam()
        self._optimizer.build(self._variables)

    @abstractmethod
    def step(self, classes: Classes, learning_rate: float, average_decay: float) -> float:
        """Learn from a batch.

        Parameters
        ----------
        classes : uint8, shape (n_crops, n_samples)
            The whole batch; where several processes train together, each is given all of it and
            takes its part.
        learning_rate
            Of this step.
        average_decay
            What is kept of the moving averages of the weights in this step.

        Returns
        -------
        float
            Mean loss over the batch before the step, in nats a sample.
        """

    @abstractmethod
    def loss(self, classes: Classes) -> float:
        """Mean loss of the averaged weights over a batch, in nats a sample."""

    def averaged(self) -> dict[str, NDArray[np.float32]]:
        """The moving averages of the weights, which are what is exported."""
        averages = self._optimizer.averages
        return {name: _numbers(each) for name, each in zip(self._names, averages, strict=True)}

    def state(self) -> State:
        """Everything the next step depends on, by name; the same names on every backend."""
        return {name: _numbers(variable) for name, variable in self._kept().items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state."""
        for name, variable in self._kept().items():
            variable.assign(state[name])

    def _kept(self) -> dict[str, Any]:
        weights = {f"weights/{n}": v for n, v in zip(self._names, self._variables, strict=True)}
        return weights | self._optimizer.slots(self._names)

    def _set(self, learning_rate: float, average_decay: float) -> None:
        self._optimizer.learning_rate = learning_rate
        self._optimizer.average_decay.assign(average_decay)

    def _loss_of(self, variables: Any, classes: Any) -> Any:
        """Loss with these values of the variables, in their order."""
        named = dict(zip(self._names, variables, strict=True))
        return network.loss(self._config, named, classes, self._dtype)


@contextmanager
def telling_memory() -> Iterator[None]:
    """Turn what each backend raises for want of memory into `DeviceMemoryError`."""
    try:
        yield
    except Exception as error:  # each has a type of its own, and JAX one for everything
        if type(error).__name__ not in _OUT_OF_MEMORY and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise DeviceMemoryError(
            "the device has too little memory for a step", hint="give a smaller --batch or --length"
        ) from error


_OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError", "ResourceExhaustedError")


def _numbers(variable: Any) -> NDArray[Any]:
    return np.array(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)))  # a copy
