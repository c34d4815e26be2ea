"""What each command does, and says."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from app import command_words
from app.arrival import Arrival
from app.services import Services
from contract.follower import Language
from labels import minutes, phrase

Command = Callable[[Arrival, Services], str]


def _help(arrival: Arrival, services: Services) -> str:
    settings = services.settings
    about_any = phrase(arrival.language, "help_questions") if settings.vqa_endpoint else ""
    about_shapes = phrase(arrival.language, "help_shapes") if settings.vqa_model else ""
    questions = about_any or about_shapes
    return phrase(arrival.language, "help", questions=questions).replace("\n\n", "\n")


def _greet(arrival: Arrival, _services: Services) -> str:
    return phrase(arrival.language, "invitation")


def _language(arrival: Arrival, _services: Services) -> str:
    return phrase(arrival.language, "language_now")


def _choose(language: Language) -> Command:
    def choose(arrival: Arrival, services: Services) -> str:
        services.followers.choose_language(arrival.message.follower, language)
        return phrase(language, "language_set")

    return choose


def _privacy(arrival: Arrival, services: Services) -> str:
    time = minutes(arrival.language, services.settings.picture_ttl)
    key = "privacy_endpoint" if services.settings.vqa_endpoint else "privacy_nobody"
    others = phrase(arrival.language, key)
    return phrase(arrival.language, "privacy", time=time, others=others)


def _delete(arrival: Arrival, services: Services) -> str:
    services.forget(arrival.message.follower)
    return phrase(arrival.language, "data_deleted")


COMMANDS: MappingProxyType[str, Command] = MappingProxyType(
    {
        "help": _help,
        "greet": _greet,
        "language": _language,
        "chinese": _choose("zh"),
        "english": _choose("en"),
        "privacy": _privacy,
        "delete": _delete,
    }
)


def find(text: str) -> Command | None:
    """Return the command that a text is, or None where it is a text like any other."""
    command = command_words.find(text)
    return COMMANDS[command] if command else None
