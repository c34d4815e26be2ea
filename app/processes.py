"""How gunicorn runs the webhook: `gunicorn --config app/processes.py 'app:create_app()'`.

gunicorn's parent reads this before it imports app, as share() needs it.
"""

from __future__ import annotations

from contract.metrics import share

share("app")
preload_app = True  # all processes are forked from this one
worker_class = "gthread"
workers = 2
threads = 8
control_socket_disable = True  # its place is the same for every gunicorn of this user
