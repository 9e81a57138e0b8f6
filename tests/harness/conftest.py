"""Fixtures of the host's tests."""

from tests.support.sandboxes import leftovers

__all__ = ["leftovers"]
