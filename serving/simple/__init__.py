"""Simple TensorFlow Serving's interface, over the same models, metrics and passwords as /v1."""
