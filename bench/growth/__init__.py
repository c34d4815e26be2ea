"""What a message costs as all around it grows."""
