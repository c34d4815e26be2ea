"""What is served, and does it answer: for the person who has to find out why not."""
