"""Synthetic training data, networks and their training; what makes digital patients borrows its abdomen."""
