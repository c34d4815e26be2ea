"""`python -m worker doctor`: why is there no reply, and what to do. One module for each subject."""
