"""A Redis with many followers in it, each as one who has sent a picture leaves it."""

from __future__ import annotations

import redis

# Copies every key of one follower to others. KEYS: its keys. ARGV: its alias, first, last number.
_COPY = """
for number = ARGV[2], ARGV[3] do
    local alias = string.format('%020d', number)
    for _, key in ipairs(KEYS) do
        local copy = string.gsub(key, ARGV[1], alias)
        redis.call('RESTORE', copy, redis.call('PTTL', key), redis.call('DUMP', key), 'REPLACE')
    end
end
"""
_AT_ONCE = 2000


def fill(client: redis.Redis, alias: str, number: int) -> float:
    """Add so many followers like that one; return the bytes that each takes in memory."""
    keys = [key for key in client.scan_iter(f"*{alias}*", 1000) if key.count(alias.encode()) == 1]
    before = int(client.info("memory")["used_memory"])
    for first in range(0, number, _AT_ONCE):
        last = min(first + _AT_ONCE, number) - 1
        client.eval(_COPY, len(keys), *keys, alias, first, last)
    return (int(client.info("memory")["used_memory"]) - before) / number if number else 0.0
