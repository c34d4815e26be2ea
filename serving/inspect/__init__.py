"""`python -m serving inspect`: what a saved model is, what it takes and gives, and a test run."""
