"""Everything that runs inside the sandbox. The host imports `wire` and `fingerprint` of it, nothing else."""
