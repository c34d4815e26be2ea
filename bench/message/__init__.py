"""A picture through the whole product, step by step."""
