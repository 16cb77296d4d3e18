"""Qt models over the engine's types."""
