"""Real servers for tests: each starts on a free port of 127.0.0.1 and leaves nothing behind."""
