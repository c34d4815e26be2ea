"""The picture with what was found in it outlined."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from worker.scene import Scene

_QUALITY = 85  # of JPEG
_GAP = 0.01  # of the long side, between a shape and its outline


def draw(picture: bytes, scene: Scene) -> bytes:
    """Return a JPEG with a frame around each thing; picture: a JPEG, at most LARGE_SIDE long."""
    image = Image.open(io.BytesIO(picture), formats=["JPEG"]).convert("RGB")
    pen = ImageDraw.Draw(image)
    width, height = image.size
    line = max(2, max(image.size) // 200)
    gap = max(_GAP * max(image.size), line + 1)
    for thing in scene:
        top, left, bottom, right = thing.box
        frame = (left * width - gap, top * height - gap, right * width + gap, bottom * height + gap)
        # White below black can be seen on any ground.
        pen.rectangle(frame, outline="white", width=3 * line)
        inner = tuple(each + sign * line for each, sign in zip(frame, (1, 1, -1, -1), strict=True))
        pen.rectangle(inner, outline="black", width=line)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
