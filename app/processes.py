"""How gunicorn runs the webhook: `gunicorn --config app/processes.py 'app:create_app()'`.

gunicorn's parent reads this before it imports app, as share() needs it. SIGHUP replaces the
processes one by one, SIGUSR2 the program itself; neither fails a request (docs/operations.md).
"""

from __future__ import annotations

from gunicorn.glogging import Logger

from contract import logs
from contract.cores import cores
from contract.metrics import share
from contract.redaction import Redaction
from contract.settings import Settings, SettingsError, load_settings

_MOST = 8  # processes; Redis and WeChat's quotas end before a ninth would help


def _settings() -> Settings | None:
    try:
        return load_settings()
    except SettingsError:
        return None  # create_app() says what is wrong


class _AsOurs(Logger):  # type: ignore[misc]  # gunicorn annotates nothing
    """gunicorn's own lines in the form of ours, redacted: some quote a request with its query."""

    def setup(self, cfg: object) -> None:
        """Have them go where ours go."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


share("app")
_chosen = _settings()
if _chosen:
    logs.set_up("app", _chosen.log_format, Redaction.of(_chosen))
    logger_class = _AsOurs
preload_app = True  # all processes are forked from this one
worker_class = "gthread"
workers = min(max(2, cores()), _MOST)  # two, so that one may die or be replaced
threads = _chosen.web_threads if _chosen else 1
max_requests = 100_000  # then a process is replaced, lest a leak in some library add up…
max_requests_jitter = 20_000  # …but never all at once
graceful_timeout = 8  # seconds; a reply is held for 5.5 (app/holding.py)
keepalive = 75  # seconds: longer than a load balancer's, which must be the one that closes
control_socket_disable = True  # its place is the same for every gunicorn of this user
