"""Webhooks beside ours, as their own users write them: what each does stands in its module."""

from __future__ import annotations

import os

TOKEN = os.environ.get("WECHAT_TOKEN", "")
APP_ID = os.environ.get("WECHAT_APP_ID", "")
AES_KEY = os.environ.get("WECHAT_AES_KEY", "")
REDIS_URL = os.environ.get("REDIS_URL", "")
REPLY = "收到"
