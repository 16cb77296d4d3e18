"""From songs to a model: clips, TFRecord files, and the only place that knows Keras."""
