"""The slow work: fetch the picture, ask the model, tell the follower."""
