"""What runs: the Celery app, its settings, the pools, the command line."""
