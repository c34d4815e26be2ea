"""nginx/nginx.conf: what the world can reach."""

from __future__ import annotations

import re
from pathlib import Path

CONFIG = (Path(__file__).parents[1] / "nginx" / "nginx.conf").read_text("utf-8")


def test_nothing_but_the_webhook_is_passed_on() -> None:
    locations = dict(re.findall(r"location ([^{]+?) \{([^}]*)\}", CONFIG))
    passed = [place for place, rules in locations.items() if "_pass " in rules]
    assert passed == ["= /wechat"]
    assert CONFIG.count("_pass ") == 1
    assert locations["/"].split() == ["return", "404;"]
