"""Scripted tasks: a YAML file of steps, read strictly, run on a sandbox of its own."""
