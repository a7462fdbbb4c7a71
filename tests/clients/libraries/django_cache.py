#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# django-redis as the cache of a Django application.
import sys
import time

from django.conf import settings

settings.configure(
    CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache",
                        "LOCATION": f"redis://127.0.0.1:{sys.argv[1]}/14",
                        "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"}}})
import django

django.setup()
from django.core.cache import cache

cache.clear()
cache.set("a", {"x": [1, 2, 3]}, timeout=30)
assert cache.get("a") == {"x": [1, 2, 3]} and 0 < cache.ttl("a") <= 30
assert cache.add("a", 1) is False and cache.add("b", 1, timeout=0.05) is True
time.sleep(0.1)
assert cache.get("b") is None and cache.get("b", "default") == "default"
cache.set_many({f"k{i}": i for i in range(100)})
assert len(cache.get_many([f"k{i}" for i in range(100)])) == 100
cache.set("n", 1, timeout=None)
assert cache.incr("n", 9) == 10 and cache.decr("n") == 9 and cache.ttl("n") is None
assert sorted(cache.keys("k1?")) == [f"k1{i}" for i in range(10)]
assert len(list(cache.iter_keys("k*"))) == 100 and cache.delete_pattern("k*") == 100
with cache.lock("lock", timeout=5):
    pass
assert cache.touch("a", 5) and cache.ttl("a") <= 5
cache.clear()
assert cache.get("a") is None
print("ok")
