"""Training on PyTorch, on one device."""

from __future__ import annotations

import keras
import torch

from deepbass_engine.training.learners.learner import Classes, Learner


class TorchLearner(Learner):
    """A model being trained on PyTorch."""

    def step(self, classes: Classes, learning_rate: float, average_decay: float) -> float:
        """Learn from a batch."""
        self._set(learning_rate, average_decay)
        values = [variable.value for variable in self._variables]
        loss = self._loss_of(values, keras.ops.convert_to_tensor(classes))
        gradients = torch.autograd.grad(loss, values, materialize_grads=True, allow_unused=True)
        with torch.no_grad():
            self._optimizer.apply(gradients, self._variables)
        return float(loss.detach())

    def loss(self, classes: Classes) -> float:
        """Mean loss of the averaged weights over a batch."""
        averages = [average.value for average in self._optimizer.averages]
        with torch.no_grad():
            return float(self._loss_of(averages, keras.ops.convert_to_tensor(classes)))
