"""How an exam and its questions did: classical test theory on the newest scores."""
