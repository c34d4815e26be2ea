"""One module for each framework, imported only when a model asks for it."""
