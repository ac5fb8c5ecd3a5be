"""Artifacts of runs: key scheme and policy over :mod:`janitor.storage`."""
