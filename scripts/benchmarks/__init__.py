"""The budgets of the harness, measured beside the usual way of doing the same, interleaved in one run."""
