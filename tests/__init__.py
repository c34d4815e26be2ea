"""The tests; a package, since some wheels bring one of that name, and ours must come first."""
