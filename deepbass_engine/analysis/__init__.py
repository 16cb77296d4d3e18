"""What is known about a track: where it can be heard, how loud it is."""
