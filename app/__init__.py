"""The webhook: gunicorn 'app:create_app()'."""

from __future__ import annotations

import sys
import time

import flask
import redis

from app.admin import add_admin
from app.envelope import Envelope
from app.feedback import Feedback
from app.health import health
from app.holding import Holding
from app.limits import Limits
from app.services import Services
from app.webhook import LARGEST_BODY, webhook
from contract import logs
from contract.album import Album
from contract.bundle import Bundles
from contract.choices import Offers
from contract.connection import connect
from contract.follower import Followers
from contract.hold import Holds
from contract.job import picture_queue
from contract.mailbox import Mailbox
from contract.quota import Quota
from contract.reporting import report_errors
from contract.settings import Settings, SettingsError, load_settings
from contract.talk import Talks
from contract.traces import Traces
from contract.turns import Turns
from contract.way import Ways


def create_app(
    settings: Settings | None = None, connection: redis.Redis | None = None
) -> flask.Flask:
    """Put the webhook together; wrong settings end the program, with a line for each."""
    try:
        settings = settings or load_settings()
        report_errors("app", settings)
    except SettingsError as error:
        sys.exit(f"app: wrong settings:\n{error}")
    connection = connection or connect(settings)
    services = build(settings, connection)
    app = flask.Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.before_request(_note_request)
    app.teardown_request(lambda _error: logs.end())
    app.register_blueprint(webhook(Envelope(settings, time.time), services))
    app.register_blueprint(health(connection))
    add_admin(app, settings, connection)
    return app


def _note_request() -> None:
    """Work for the request that nginx has numbered; the id goes all the way to the model server."""
    logs.begin(flask.request.headers.get(logs.HEADER, ""))


def build(settings: Settings, connection: redis.Redis) -> Services:
    """Put together what handlers need."""
    followers, queue = Followers(settings, connection), picture_queue(connection)
    holds = Holds(connection, connect(settings, patience=6))
    return Services(
        settings=settings,
        bundles=Bundles(connection),
        queue=queue,
        followers=followers,
        turns=Turns(connection, followers),
        mailbox=Mailbox(connection, followers),
        album=Album(connection, followers, settings.picture_ttl),
        talks=Talks(settings, connection, followers),
        quota=Quota(connection, followers),
        offers=Offers(connection, followers),
        traces=Traces(queue, followers),
        ways=Ways(settings),
        holds=holds,
        holding=Holding(holds, settings.web_threads),
        limits=Limits(followers, queue, settings.result_ttl),
        feedback=Feedback(connection),
        clock=time.time,
    )
