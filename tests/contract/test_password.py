"""contract.password; which passwords are weak is tested with the doctor's."""

from __future__ import annotations

import pytest

from contract.password import check_password


def test_strong_one_is_let_through() -> None:
    check_password("kX3vGq8ZtR5mWy2P")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Password2026", "is one that everybody tries first; expected a long random one"),
        ("kX3vGq8Zt", "has fewer than 12 characters"),
        ("ababababababab", "has fewer than 6 different characters"),
    ],
)
def test_weak_one_is_refused_and_not_shown(password: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        check_password(password)
    assert password not in str(caught.value)
