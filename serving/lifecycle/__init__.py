"""Which models are served, in which versions, and in what state each is."""
