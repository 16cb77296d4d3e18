"""How two tracks are joined on the beat: candidates, the hard rules they keep, what each costs."""
