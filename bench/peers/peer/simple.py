"""Simple TensorFlow Serving, by its own main: `… simple FOLDER [its flags]`.

It makes a folder `static` where it is started, hence FOLDER.
"""

from __future__ import annotations

import logging
import os
import sys

if __name__ == "__main__":
    # The others do not write each request down either.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    os.chdir(sys.argv.pop(1))
    from simple_tensorflow_serving.server import (  # type: ignore[import-not-found]  # in .venv/peer-simple
        main,
    )

    main()
