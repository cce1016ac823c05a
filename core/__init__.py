"""The exam domain: hook specs, contracts, plugin registry, models and services."""

__version__ = "0.1.0"
