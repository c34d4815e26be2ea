"""TensorFlow Serving's wire formats, without TensorFlow: bytes in, arrays out, and back."""
