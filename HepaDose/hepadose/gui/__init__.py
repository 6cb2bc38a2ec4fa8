"""What the panels of the modules share: the only package that knows qt and ctk."""
