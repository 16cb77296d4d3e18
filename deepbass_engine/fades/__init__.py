"""Ways to join the end of one track with the beginning of the next."""
