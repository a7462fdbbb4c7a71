#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# prometheus-redis-exporter scrapes a loaded server: every collector it has, without an error.
import subprocess
import sys
import time
import urllib.request

import redis

port = int(sys.argv[1])
r = redis.Redis(port=port, db=3)
r.flushdb()
with r.pipeline(transaction=False) as p:
    for i in range(500):
        p.set(f"string:{i}", i, ex=1000)
    p.rpush("list", *range(100)).sadd("set", *range(100)).hset("hash", mapping={"a": 1})
    p.zadd("zset", {"a": 1}).xadd("stream", {"k": "v"}).xgroup_create("stream", "group", id="0")
    p.xreadgroup("group", "consumer", {"stream": ">"})
    p.get("none").execute()
try:
    r.lpush("string:1", 1)
except redis.ResponseError:
    pass

web = f"127.0.0.1:{port + 1000}"
exporter = subprocess.Popen(
    ["prometheus-redis-exporter", "-redis.addr", f"redis://127.0.0.1:{port}", "-web.listen-address", web,
     "-check-keys", "db3=*", "-check-streams", "db3=stream", "-count-keys", "db3=string:*",
     "-export-client-list", "-include-config-metrics", "-include-system-metrics"],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
try:
    for _ in range(100):
        try:
            page = urllib.request.urlopen(f"http://{web}/metrics", timeout=10).read().decode()
            break
        except OSError:
            time.sleep(0.1)
finally:
    exporter.terminate()
log = exporter.communicate()[0]
values = {}
for line in page.splitlines():
    if not line.startswith("#"):
        name, value = line.rsplit(" ", 1)
        values[name] = float(value)
assert values["redis_up"] == 1 and values['redis_exporter_last_scrape_error{err=""}'] == 0, log
for name in ("redis_connected_clients", "redis_memory_used_bytes", "redis_commands_processed_total",
             "redis_config_maxclients", "redis_uptime_in_seconds", "redis_mem_fragmentation_ratio",
             "redis_rdb_last_save_timestamp_seconds", "redis_aof_enabled", "redis_process_id",
             'redis_db_keys{db="db3"}', 'redis_db_keys_expiring{db="db3"}',
             'redis_commands_total{cmd="lpush"}', 'redis_errors_total{err="WRONGTYPE"}',
             'redis_key_size{db="db3",key="hash"}',
             'redis_stream_length{db="db3",stream="stream"}',
             'redis_stream_group_messages_pending{db="db3",group="group",stream="stream"}'):
    assert name in values, f"{name} is not on the page"
assert values['redis_db_keys{db="db3"}'] == 505
assert values['redis_stream_group_messages_pending{db="db3",group="group",stream="stream"}'] == 1
assert "level=error" not in log and "panic" not in log, log
r.flushdb()
print("ok")
