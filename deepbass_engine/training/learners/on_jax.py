"""Training on JAX: one device, or all those of a machine by Keras' data parallelism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.training.learners.learner import Classes, Learner


class JaxLearner(Learner):
    """A model being trained on JAX.

    The numbers live outside the variables of Keras, which are filled when a state is asked for.
    """

    def __init__(
        self, config: WaveNetConfig, weights: Mapping[str, NDArray[np.float32]], dtype: str
    ) -> None:
        self.n_devices = jax.device_count()
        if self.n_devices > 1:
            keras.distribution.set_distribution(keras.distribution.DataParallel())
        super().__init__(config, weights, dtype)
        self._compiled_step = jax.jit(self._step_of, donate_argnums=(0, 1))
        self._compiled_loss = jax.jit(self._loss_of)

    def step(self, classes: Classes, learning_rate: float, average_decay: float) -> float:
        """Learn from a batch."""
        self._set(learning_rate, average_decay)
        values = [variable.value for variable in self._variables]
        slots = [variable.value for variable in self._optimizer.variables]
        loss, values, slots = self._compiled_step(values, slots, self._dealt(classes))
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        for variable, value in zip(self._optimizer.variables, slots, strict=True):
            variable.assign(value)
        return float(loss)

    def loss(self, classes: Classes) -> float:
        """Mean loss of the averaged weights over a batch."""
        averages = [average.value for average in self._optimizer.averages]
        return float(self._compiled_loss(averages, self._dealt(classes)))

    def _dealt(self, classes: Classes) -> Any:
        distribution = keras.distribution.distribution()
        if distribution is None:
            return classes
        return keras.distribution.distribute_tensor(
            classes, distribution.get_data_layout(classes.shape)
        )

    def _step_of(self, values: Any, slots: Any, classes: Any) -> Any:
        loss, gradients = jax.value_and_grad(self._loss_of)(values, classes)
        values, slots = self._optimizer.stateless_apply(slots, gradients, values)
        return loss, values, slots
