"""The model that answers questions about a drawing of circles, squares and triangles."""
