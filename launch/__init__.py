"""The programs on one machine, without Docker: for `make run`, demo, tests and benchmarks."""
