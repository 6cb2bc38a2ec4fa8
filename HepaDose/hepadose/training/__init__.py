"""Synthetic training data, networks and their training; only what trains or exports a model imports it."""
