"""Makes the checkpoint beside it; see README.md. Needs TensorFlow."""

from pathlib import Path

from deepbass_engine.nsynth.config import WaveNetConfig

CONFIG = WaveNetConfig(
    encoder_width=2, encoder_layers=2, n_z=2, width=2, layers=3, skip_width=2, n_classes=16
)


def main() -> None:
    """Train one step of nothing, so that all is there that training leaves, then save."""
    import numpy as np
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    step = tf.train.get_or_create_global_step()
    variables = []
    for number, (name, shape) in enumerate(CONFIG.variables().items()):
        values = number + np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 1024
        variables.append(tf.get_variable(name, initializer=values))
    loss = tf.add_n([tf.reduce_sum(variable**2) for variable in variables])
    train = tf.train.AdamOptimizer(1e-3).minimize(loss, global_step=step)
    average = tf.train.ExponentialMovingAverage(0.5, step).apply(variables)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(variables)
        session.run(train)
        session.run(average)
        for variable, values in zip(variables, before, strict=True):
            variable.load(values, session)
        prefix = Path(__file__).with_name("model.ckpt")
        saver = tf.train.Saver(save_relative_paths=True)
        saver.save(session, str(prefix), global_step=step, write_meta_graph=False)


if __name__ == "__main__":
    main()
