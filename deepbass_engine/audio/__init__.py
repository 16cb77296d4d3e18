"""Reading, resampling and writing audio."""
