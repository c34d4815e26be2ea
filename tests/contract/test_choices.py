"""contract.choices"""

from __future__ import annotations

import pytest
import redis

from contract.choices import Choice, Offer, Offers
from contract.follower import Followers
from contract.settings import Settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
UP, ASK = Choice(text="👍 准", verdict="right"), Choice(text="有几个？", question="有几个？")
OFFER = Offer(job_id="a1" * 16, model="demo", label="digit-3", choices=[UP, ASK])


@pytest.fixture
def offers(settings: Settings, connection: redis.Redis) -> Offers:
    return Offers(connection, Followers(settings, connection))


def found(offers: Offers, connection: redis.Redis) -> Offer | None:
    with connection.pipeline() as pipeline:
        offers.look(pipeline, OPENID)
        return offers.as_offer(pipeline.execute()[0])


@pytest.mark.parametrize(
    ("text", "menu_id", "choice"),
    [
        ("1", "", UP),
        (" 2 ", "", ASK),
        ("3", "", None),
        ("有几个？", "", None),  # a question like any other
        ("👍 准", OFFER.menu_id(1), UP),
        ("1", OFFER.menu_id(2), ASK),
        ("1", "another:1", None),  # a menu of another answer
    ],
)
def test_choice_is_known_by_the_menu_s_id_or_its_number(
    text: str, menu_id: str, choice: Choice | None
) -> None:
    assert OFFER.choose(text, menu_id) == choice


def test_newest_offer_counts(offers: Offers, connection: redis.Redis) -> None:
    assert found(offers, connection) is None
    offers.put(OPENID, OFFER)
    newer = Offer(job_id="b2" * 16, model="vqa", label="", choices=[ASK])
    offers.put(OPENID, newer)
    assert found(offers, connection) == newer


def test_offer_is_taken_up_once(offers: Offers, connection: redis.Redis) -> None:
    offers.put(OPENID, OFFER)
    assert offers.withdraw(OPENID)
    assert not offers.withdraw(OPENID)
    assert found(offers, connection) is None
