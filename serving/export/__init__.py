"""SavedModels out of Keras networks."""
