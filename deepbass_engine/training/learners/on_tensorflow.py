"""Training on TensorFlow: one device, the GPUs of a machine, or several machines, by one step.

The step is written for ``strategy.run`` and not for ``Model.fit``, which fails on several machines
in Keras 3: https://github.com/keras-team/keras/issues/20585
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.training.learners.learner import Classes, Learner


class TensorFlowLearner(Learner):
    """A model being trained on TensorFlow."""

    def __init__(
        self, config: WaveNetConfig, weights: Mapping[str, NDArray[np.float32]], dtype: str
    ) -> None:
        self._strategy = _strategy()
        self.n_devices = self._strategy.num_replicas_in_sync
        cluster = self._strategy.cluster_resolver
        self.writes = cluster is None or not cluster.task_id
        with self._strategy.scope():
            super().__init__(config, weights, dtype)
        self._gradients = tf.function(self._gradients_of, jit_compile=True)
        self._average_loss = tf.function(self._average_loss_of, jit_compile=True)
        self._step = tf.function(self._step_of)
        self._loss = tf.function(self._loss_over)

    def step(self, classes: Classes, learning_rate: float, average_decay: float) -> float:
        """Learn from a batch."""
        self._set(learning_rate, average_decay)
        return float(self._step(self._dealt(classes)))

    def loss(self, classes: Classes) -> float:
        """Mean loss of the averaged weights over a batch."""
        return float(self._loss(self._dealt(classes)))

    def _dealt(self, classes: Classes) -> Any:
        """A batch with each device's part on that device."""
        parts = np.split(classes, self.n_devices)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def _step_of(self, dealt: Any) -> Any:
        def learn(classes: Any) -> Any:
            loss, gradients = self._gradients(classes)
            self._optimizer.apply(gradients, self._variables)  # sums those of all devices
            return loss

        return self._summed(self._strategy.run(learn, (dealt,)))

    def _loss_over(self, dealt: Any) -> Any:
        return self._summed(self._strategy.run(self._average_loss, (dealt,)))

    def _summed(self, per_device: Any) -> Any:
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, per_device, axis=None)

    def _gradients_of(self, classes: Any) -> Any:
        """Loss and gradients of a device's part, as its share of the batch's mean."""
        values = [variable.value for variable in self._variables]
        with tf.GradientTape() as tape:
            loss = self._loss_of(values, classes) / self.n_devices
        return loss, tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def _average_loss_of(self, classes: Any) -> Any:
        averages = [average.value for average in self._optimizer.averages]
        return self._loss_of(averages, classes) / self.n_devices


def _strategy() -> Any:
    """How the work is spread: over machines if `TF_CONFIG` names them, else over all GPUs."""
    if os.environ.get("TF_CONFIG"):
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
