"""A task, a model and a desktop: ask, do, answer, until there is an outcome."""
