"""What should be run next, and why."""
