"""One module for each peer of the model server: the same SavedModels, as its own users serve them.

They run in the peers' virtual environments, where these packages are, and never inside the harness.
What they serve and how many copies of it stands in the environment: see model.py.
"""
