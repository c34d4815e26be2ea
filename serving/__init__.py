"""A server of TensorFlow Serving's protocol, and the tools that make models for it."""
