"""The webhook: gunicorn 'app:create_app()'."""

from __future__ import annotations

import sys
import time

import flask
import redis

from app.envelope import Envelope
from app.handlers import Services
from app.health import health
from app.webhook import LARGEST_BODY, webhook
from contract.album import Album
from contract.connection import connect
from contract.follower import Followers
from contract.job import picture_queue
from contract.mailbox import Mailbox
from contract.settings import Settings, SettingsError, load_settings
from contract.turns import Turns


def create_app(
    settings: Settings | None = None, connection: redis.Redis | None = None
) -> flask.Flask:
    """Put the webhook together; wrong settings end the program, with a line for each."""
    try:
        settings = settings or load_settings()
    except SettingsError as error:
        sys.exit(f"app: wrong settings:\n{error}")
    connection = connection or connect(settings)
    followers = Followers(settings, connection)
    services = Services(
        settings=settings,
        redis=connection,
        queue=picture_queue(connection),
        followers=followers,
        turns=Turns(connection, followers),
        mailbox=Mailbox(connection, followers),
        album=Album(connection, followers, settings.picture_ttl),
        clock=time.time,
    )
    app = flask.Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_blueprint(webhook(Envelope(settings, time.time), services))
    app.register_blueprint(health(connection))
    return app
