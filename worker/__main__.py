"""`python -m worker`: work off the queue until told to stop.

`python -m worker doctor` says why there is no reply, and what to do.
`python -m worker init` asks for the settings and writes .env.
`python -m worker menu` publishes, shows or removes the account's menu.
"""

from __future__ import annotations

from contract.metrics import share

if __name__ == "__main__":
    share("worker")  # before prometheus_client is imported

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence

import redis
from rq import Queue

from contract import logs
from contract.album import Album
from contract.choices import Offers
from contract.connection import connect
from contract.follower import Followers
from contract.hold import Holds
from contract.job import picture_queue
from contract.mailbox import Mailbox
from contract.outcome import SendClaim
from contract.quota import Quota
from contract.redaction import Redaction
from contract.reporting import report_errors
from contract.settings import Settings, SettingsError, load_settings
from contract.talk import Talks
from contract.turns import Turns
from labels.classes import LabelsError, default_labels, read_labels
from worker import heap, menu
from worker.answerer import Answerer
from worker.breaker import Breaker
from worker.doctor import command as doctor
from worker.endpoint import BREAKER, Endpoint
from worker.errors import ModelMismatch, ModelUnavailable
from worker.exporter import export
from worker.init import command as init
from worker.model_server import ModelServer
from worker.moderation import moderation
from worker.pool import ThreadWorker
from worker.post import Post
from worker.reconcile import Reconciler
from worker.recovery import Recovery, bury
from worker.refusal import refusal
from worker.seen import Seen
from worker.services import SERVICES, Services
from worker.shape_model import ShapeModel
from worker.snapshot_metrics import Snapshot
from worker.supervisor import Supervisor
from worker.telemetry import check, telemetry
from worker.vision import Classifier
from worker.waiting import Waiting
from worker.watch import Watch
from worker.wechat import WeChat

logger = logging.getLogger("worker")


def main(arguments: Sequence[str]) -> int:
    """Do what was asked for; return the exit status."""
    flags = _parser().parse_args(arguments)
    if flags.command == "doctor":
        return doctor.examine(flags)
    if flags.command == "init":
        return init.begin(flags)
    if flags.command == "menu":
        return menu.manage(flags.action, getattr(flags, "file", None))
    return run()


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m worker",
        usage="%(prog)s [-h] [COMMAND ...]",
        description="Without a command: answer pictures until told to stop.",
    )
    commands = flags.add_subparsers(dest="command", metavar="COMMAND", prog="python -m worker")
    doctor.offer(commands.add_parser("doctor", help="say why there is no reply, and what to do"))
    init.offer(commands.add_parser("init", help="ask for the settings and write .env"))
    menu.offer(commands.add_parser("menu", help="publish, show or remove the account's menu"))
    return flags


def run() -> int:
    """Work; return 0 when told to stop, 2 for settings that cannot work, 1 to be started again."""
    heap.share()
    try:
        settings = load_settings("wechat_app_secret")
        logs.set_up("worker", settings.log_format, Redaction.of(settings))
        report_errors("worker", settings)
        check(settings)
        meet(build(settings, connect(settings)).classifier)
        connect(settings).ping()
    except (SettingsError, LabelsError, ModelMismatch) as error:
        sys.stderr.write(f"worker: cannot start:\n{error}\n")
        return 2
    except redis.RedisError as error:
        logger.error("Redis is away: %s", error)
        return 1
    host, port = settings.worker_metrics_host, settings.worker_metrics_port
    beside = {"watch": lambda _name: Watch(settings, connect(settings)).run()}
    if port:
        beside["exporter"] = lambda _name: export(host, port, Snapshot(connect(settings)))
    Supervisor(
        settings.worker_processes,
        settings.worker_grace,
        work=lambda name: work(settings, name),
        bury=lambda name: bury(picture_queue(connect(settings)), name),
        beside=beside,
    ).run()
    return 0


def work(settings: Settings, name: str) -> int:
    """Be one of the processes that work; return its exit status."""
    told = telemetry(settings)
    services = dataclasses.replace(build(settings, connect(settings)), telemetry=told)
    make_worker(picture_queue(connect(settings)), services, name).work(logging_level="WARNING")
    told.close()
    return 0


def make_worker(queue: Queue, services: Services, name: str | None = None) -> ThreadWorker:
    """Return a worker that answers pictures and keeps the house in order."""
    recovery, reconciler = Recovery(queue, refusal), Reconciler(queue, services)

    def maintain() -> None:
        recovery.run()
        reconciler.run()

    return ThreadWorker(
        queue,
        threads=services.settings.worker_threads,
        grace=services.settings.worker_grace,
        refusal=refusal,
        maintain=maintain,
        enter_thread=lambda: SERVICES.set(services),
        name=name,
    )


def build(settings: Settings, connection: redis.Redis) -> Services:
    """Put together what jobs need; raise LabelsError."""
    followers, wechat = Followers(settings, connection), WeChat(settings, connection)
    server = ModelServer(settings.serving_url, settings.worker_threads)
    classifier = settings.classifier_model
    names = read_labels(settings.classifier_labels or default_labels(classifier))
    return Services(
        settings=settings,
        followers=followers,
        album=Album(connection, followers, settings.picture_ttl),
        talks=Talks(settings, connection, followers),
        claim=SendClaim(connection),
        post=_post(settings, connection, followers, wechat),
        turns=Turns(connection, followers),
        waiting=Waiting(connection),
        wechat=wechat,
        classifier=Classifier(
            server, classifier, names, Breaker(connection, classifier), Seen(connection)
        ),
        answerer=_answerer(settings, connection, server),
    )


def _answerer(settings: Settings, connection: redis.Redis, server: ModelServer) -> Answerer:
    vqa, endpoint = settings.vqa_model, settings.vqa_endpoint
    # Its calls may take as long as the deadline; one at a time tries it after a rest.
    breaker = Breaker(connection, BREAKER, rest=max(10, 2 * settings.vqa_endpoint_deadline))
    return Answerer(
        ShapeModel(server, vqa, Breaker(connection, vqa)) if vqa else None,
        Endpoint(settings, breaker) if endpoint else None,
        moderation(settings.moderation, settings.worker_threads),
    )


def _post(
    settings: Settings, connection: redis.Redis, followers: Followers, wechat: WeChat
) -> Post:
    return Post(
        settings=settings,
        wechat=wechat,
        followers=followers,
        mailbox=Mailbox(connection, followers),
        quota=Quota(connection, followers),
        offers=Offers(connection, followers),
        holds=Holds(connection),
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
    sys.exit(main(sys.argv[1:]))
