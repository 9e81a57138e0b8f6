"""Fixtures of the command line's tests."""

from tests.support.sandboxes import leftovers

__all__ = ["leftovers"]
