"""The parts of the FLRDose panel, top to bottom in the order of work."""
