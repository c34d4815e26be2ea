"""The programs on one machine, without Docker: for `make run`, the demo and the tests."""
