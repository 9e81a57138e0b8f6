"""Which harness this is, for whoever writes it down."""

VERSION = "0.1.0"
