"""How gunicorn runs the webhook: `gunicorn --config app/processes.py 'app:create_app()'`.

gunicorn's parent reads this before it imports app, as share() needs it.
"""

from __future__ import annotations

from contract.metrics import share
from contract.settings import SettingsError, load_settings


def _threads() -> int:
    try:
        return load_settings().web_threads
    except SettingsError:
        return 1  # create_app() says what is wrong


share("app")
preload_app = True  # all processes are forked from this one
worker_class = "gthread"
workers = 2
threads = _threads()
control_socket_disable = True  # its place is the same for every gunicorn of this user
