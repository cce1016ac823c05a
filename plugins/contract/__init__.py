"""The contract kit, a module for each kind; import it as `examhall.plugins.testing`."""
