"""The admin pages: is it well, and if not, why; where the time goes; what became of one message.

    guard ──> pages ──> overview, messages, failed ──> Redis, and nobody else
      └─────> dashboard: RQ's, at /admin/rq

They read what the worker leaves in Redis (contract.health, contract.tally, the jobs themselves).
"""

from __future__ import annotations

import flask
import redis
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app.admin.attempts import Attempts
from app.admin.failed import Failed
from app.admin.guard import PREFIX, Guard
from app.admin.overview import Overview
from app.admin.pages import Desk, pages
from app.admin.session import Sessions
from contract.follower import Followers
from contract.job import picture_queue
from contract.settings import Settings
from contract.traces import Traces
from labels.classes import ClassName, LabelsError, default_labels, read_labels


def add_admin(app: flask.Flask, settings: Settings, connection: redis.Redis) -> None:
    """Give the webhook's application admin pages, if there is a password for them."""
    if settings.admin_password is None:
        return
    from app.admin.dashboard import dashboard

    token = settings.wechat_tokens[-1]
    guard = Guard(Sessions(settings.admin_password.get_secret_value(), salt=token))
    queue, followers = picture_queue(connection), Followers(settings, connection)
    failed = Failed(queue)
    desk = Desk(
        settings=settings,
        redis=connection,
        guard=guard,
        attempts=Attempts(connection, token),
        overview=Overview(settings, connection),
        failed=failed,
        followers=followers,
        traces=Traces(queue, followers),
        names=_names(settings),
    )
    app.register_blueprint(pages(desk))
    rq = dashboard(connection, guard, failed)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {f"{PREFIX}/rq": rq})  # type: ignore[method-assign]  # Flask's own way


def _names(settings: Settings) -> dict[str, ClassName]:
    """Return how classes are called, by their English names; none where the file is not here."""
    path = settings.classifier_labels or default_labels(settings.classifier_model)
    try:
        return {each.english: each for each in read_labels(path).values()}
    except (LabelsError, ImportError):  # a sheet needs what only the worker has
        return {}
