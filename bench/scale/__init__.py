"""What a message costs, and how many of each part a load needs."""
