"""The model that answers questions, and what it has to beat."""
