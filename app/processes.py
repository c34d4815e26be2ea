"""How gunicorn runs the webhook: `gunicorn --config app/processes.py 'app:create_app()'`.

gunicorn's parent reads this before it imports app, as share() needs it. SIGHUP replaces the
processes one by one, SIGUSR2 the program itself; neither fails a request (docs/operations.md).
"""

from __future__ import annotations

from contract.cores import cores
from contract.metrics import share
from contract.settings import SettingsError, load_settings

_MOST = 8  # processes; Redis and WeChat's quotas end before a ninth would help


def _threads() -> int:
    try:
        return load_settings().web_threads
    except SettingsError:
        return 1  # create_app() says what is wrong


share("app")
preload_app = True  # all processes are forked from this one
worker_class = "gthread"
workers = min(max(2, cores()), _MOST)  # two, so that one may die or be replaced
threads = _threads()
max_requests = 100_000  # then a process is replaced, lest a leak in some library add up…
max_requests_jitter = 20_000  # …but never all at once
graceful_timeout = 8  # seconds; a reply is held for 5.5 (app/holding.py)
keepalive = 75  # seconds: longer than a load balancer's, which must be the one that closes
control_socket_disable = True  # its place is the same for every gunicorn of this user
