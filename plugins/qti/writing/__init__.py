"""Writing questions of examhall's own types as QTI 2.2 items."""
