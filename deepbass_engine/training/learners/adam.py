"""Adam that keeps a moving average of what it trains, on every backend and device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

EPSILON = 1e-8


class AveragingAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam, and an exponential moving average of each variable.

    The average is moved where the variable is, by the same update, so that it works in whatever
    way the backend spreads variables over devices. `average_decay` is set before each step.
    """

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0, epsilon=EPSILON)

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots of the variables; the averages begin as the variables are."""
        if self.built:
            return
        super().build(variables)
        self.averages = self.add_optimizer_variables(variables, "average")
        for average, variable in zip(self.averages, variables, strict=True):
            average.assign(keras.ops.copy(variable))
        self.average_decay = self.add_variable(
            shape=(), initializer="zeros", dtype="float32", name="average_decay"
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move a variable, and its average after it."""
        super().update_step(gradient, variable, learning_rate)
        average = self.averages[self._get_variable_index(variable)]
        self.assign_sub(average, (average - variable) * (1 - self.average_decay))

    def slots(self, names: Sequence[str]) -> dict[str, Any]:
        """Every number it keeps for variables of these names, by a name of its own."""
        kept = {"iterations": self.iterations}
        for kind, slots in (
            ("momentum", self._momentums),
            ("velocity", self._velocities),
            ("average", self.averages),
        ):
            kept |= {f"{kind}/{name}": slot for name, slot in zip(names, slots, strict=True)}
        return kept
