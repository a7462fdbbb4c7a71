#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# python3-redis as an application uses it: pool, pipeline, transaction with WATCH, publish and
# subscribe, streams with a group, a script, a lock, iteration, blocking reads.
import sys
import threading

import redis

port = int(sys.argv[1])
r = redis.Redis(port=port, db=11, decode_responses=True)
r.flushdb()

assert r.ping()
assert r.set("s", "v", ex=100, nx=True) and r.get("s") == "v" and 0 < r.ttl("s") <= 100
assert r.set("s", "w", nx=True) is None and r.set("s", "w", get=True) == "v"
assert r.incrbyfloat("f", 1.5) == 1.5
assert r.mget(["s", "none"]) == ["w", None]

with r.pipeline(transaction=False) as p:
    for i in range(1000):
        p.hset("h", f"field{i}", i)
    assert sum(p.execute()) == 1000
assert r.hlen("h") == 1000 and len(dict(r.hscan_iter("h"))) == 1000
assert sorted(r.hmget("h", "field1", "field2")) == ["1", "2"]

with r.pipeline() as p:
    p.watch("balance")
    p.multi()
    p.incr("balance", 7)
    p.expire("balance", 60)
    assert p.execute() == [7, True]
    p.watch("balance")
    r.incr("balance")
    p.multi()
    p.get("balance")
    try:
        p.execute()
        raise AssertionError("a watched key changed, and EXEC ran")
    except redis.WatchError:
        pass

r.zadd("z", {"a": 1, "b": 2, "c": 3})
assert r.zrange("z", 0, -1, withscores=True) == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
assert r.zrangebyscore("z", "(1", "+inf") == ["b", "c"]
r.geoadd("geo", (13.361389, 38.115556, "Palermo"))
r.geoadd("geo", (15.087269, 37.502669, "Catania"))
assert round(r.geodist("geo", "Palermo", "Catania", "km")) == 166
assert r.pfadd("hll", *range(100)) == 1 and 95 < r.pfcount("hll") < 105

first = r.xadd("x", {"k": "1"})
r.xgroup_create("x", "g", id="0")
got = r.xreadgroup("g", "me", {"x": ">"}, count=10, block=100)
assert got == [["x", [(first, {"k": "1"})]]], got
assert r.xpending("x", "g")["pending"] == 1 and r.xack("x", "g", first) == 1
assert r.xinfo_stream("x")["length"] == 1

messages = r.pubsub()
messages.subscribe("news")
messages.psubscribe("n*")
assert [messages.get_message(timeout=5)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
assert r.publish("news", "hello") == 2
assert sorted(messages.get_message(timeout=5)["type"] for _ in range(2)) == ["message", "pmessage"]
messages.close()

threading.Timer(0.05, lambda: r.rpush("queue", "job")).start()
assert r.blpop("queue", timeout=5) == ("queue", "job")
assert r.blpop("queue", timeout=0.05) is None

double = r.register_script("return redis.call('incrby', KEYS[1], ARGV[1]) * 2")
assert double(keys=["n"], args=[21]) == 42 and double(keys=["n"], args=[0]) == 42
with r.lock("lock", timeout=5):
    assert r.exists("lock") == 1
assert r.exists("lock") == 0

for i in range(500):
    r.set(f"it:{i}", i)
assert len(set(r.scan_iter("it:*", count=50))) == 500
try:
    r.lpush("s", 1)
    raise AssertionError("a list command on a string was taken")
except redis.ResponseError as error:
    assert "WRONGTYPE" in str(error)
info = r.info()
assert info["redis_version"].split(".")[0].isdigit() and info["connected_clients"] >= 1
assert "maxmemory" in r.config_get("max*") and isinstance(r.client_list(), list)
assert r.command_count() > 200 and r.memory_usage("h") > 1000
r.flushdb()
print("ok")
