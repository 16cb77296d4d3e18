"""From the plan of a mix to an audio device: what is played, what is ahead, what is heard."""
