"""Verdicts on runs."""
