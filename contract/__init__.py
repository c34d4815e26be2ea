"""What the webhook and the worker must agree on, or a message is lost."""
