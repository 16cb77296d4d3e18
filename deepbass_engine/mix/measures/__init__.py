"""What is measured of a transition: one module for each kind of measure."""
