"""Fixtures of the sandbox's tests."""

from tests.support.sandboxes import leftovers

__all__ = ["leftovers"]
