"""One small blob-store port and its adapters."""
