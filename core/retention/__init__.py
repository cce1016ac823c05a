"""How long things are kept, how they are removed, and what a person may ask for or have erased."""
