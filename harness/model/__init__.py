"""The conversation with a model: what each takes, what was said, how it is sent, what it costs."""
