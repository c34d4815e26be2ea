"""The small world that the model knows: what can be in a picture, and in which order it counts.

Indices are positions in these tuples, in the model's outputs as in its training.
"""

from __future__ import annotations

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black")
SHAPES = ("circle", "square", "triangle")
CIRCLE, SQUARE, TRIANGLE = range(len(SHAPES))
OTHER = len(SHAPES)  # a drawn thing that is none of these
MOST = 7  # things in a scene
ROWS = 20  # of things in the model's outputs, most of them unused

# What a paint box calls the colour; drawings vary around it.
RGB = (
    (220, 40, 40),
    (250, 140, 20),
    (245, 215, 30),
    (40, 160, 70),
    (40, 90, 220),
    (135, 50, 175),
    (250, 150, 190),
    (25, 25, 25),
)
