"""`python -m worker`: work off the queue until told to stop."""

from __future__ import annotations

import logging
import sys

import redis

from contract.album import Album
from contract.connection import connect
from contract.follower import Followers
from contract.job import picture_queue
from contract.outcome import SendClaim
from contract.settings import Settings, SettingsError, load_settings
from labels.classes import LabelsError, default_labels, read_labels
from worker.errors import ModelMismatch, ModelUnavailable
from worker.job import SERVICES, Services
from worker.pool import PictureWorker
from worker.vision import Answerer, Classifier, ModelServer
from worker.wechat import WeChat

logger = logging.getLogger("worker")


def main() -> int:
    """Work; return 0 when told to stop, 2 for settings that cannot work, 1 to be started again."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.INFO)  # its DEBUG lines hold access tokens
    try:
        settings = load_settings("wechat_app_secret")
        services = build(settings, connect(settings))
        meet(services.classifier)
    except (SettingsError, LabelsError, ModelMismatch) as error:
        sys.stderr.write(f"worker: cannot start:\n{error}\n")
        return 2
    SERVICES.set(services)
    try:
        worker = PictureWorker(picture_queue(connect(settings)), services)
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        logger.error("Redis is away: %s", error)
        return 1
    return 0 if worker.told_to_stop else 1


def build(settings: Settings, connection: redis.Redis) -> Services:
    """Put together what jobs need; raise LabelsError."""
    followers = Followers(settings, connection)
    server = ModelServer(settings.serving_url)
    names = read_labels(settings.classifier_labels or default_labels(settings.classifier_model))
    return Services(
        settings=settings,
        album=Album(connection, followers, settings.picture_ttl),
        claim=SendClaim(connection),
        wechat=WeChat(settings, connection),
        classifier=Classifier(server, settings.classifier_model, names),
        answerer=Answerer(server, settings.vqa_model),
    )


def meet(classifier: Classifier) -> None:
    """Ask the model what it is, so that a mismatch shows now; raise LabelsError or ModelMismatch.

    A model server that is not up yet is no mismatch: the first picture will ask again.
    """
    try:
        signature = classifier.signature()
    except ModelUnavailable as error:
        logger.warning("the model cannot be asked yet: %s", error)
        return
    logger.info(
        "classifier version=%s signature=%s classes=%s",
        signature.version,
        signature.name,
        signature.classes,
    )


if __name__ == "__main__":
    sys.exit(main())
