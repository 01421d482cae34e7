"""What takes a project from the first run to a gate: set-up, and proof that it holds."""
