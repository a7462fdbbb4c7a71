#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# prometheus-redis-exporter scrapes a loaded server: every collector it has, without an error. What the
# server says on its own metrics-port has the same names, labels and types, and the same values where
# they do not change between two looks.
import re
import socket
import subprocess
import sys
import time
import urllib.request

import redis

port = int(sys.argv[1])
r = redis.Redis(port=port, db=3)
r.flushdb()
r.config_set("latency-monitor-threshold", 1)
r.eval("for i = 1, 3000000 do local a = i end", 0)
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


def metrics_of(text):
    """Values by name with labels, types by name."""
    values, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            types[name] = kind
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    return values, types


def own_page():
    """The server's own page; None where it is no Ringlet."""
    for _ in range(10):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            own = s.getsockname()[1]
        try:
            r.config_set("metrics-port", own)
        except redis.ResponseError as why:
            if "Unknown option" in str(why):
                return None
            continue
        text = urllib.request.urlopen(f"http://127.0.0.1:{own}/metrics", timeout=10).read().decode()
        r.config_set("metrics-port", 0)
        return text
    raise SystemExit("no port for metrics")


values, types = metrics_of(page)
own = own_page()
if own is not None:
    own_values, own_types = metrics_of(own)
    # What the exporter says of itself, of keys and clients that it was told to look at, and of what
    # CONFIG GET shows, which is not what a server is asked for.
    others = re.compile(r"redis_(exporter|target|last_key_groups|key_|keys_count|stream_|config_|"
                        r"connected_client|string_|aof_rewrite_buffer)")
    changing = re.compile(r"redis_(cpu|memory|mem_|allocator|commands|latency|net_|total_|unexpected|errors|"
                          r"connect|client_recent|up|uptime|slowlog|last_slow|start_time|keyspace|db_avg|rdb_last_save|expire|evict)")
    for name, value in values.items():
        if not name.startswith("redis_") or others.match(name) or 'cmd="' in name:
            continue
        assert name in own_values, f"{name} is not on the server's own page"
        if not changing.match(name):
            assert own_values[name] == value, f"{name}: {own_values[name]}, the exporter says {value}"
    for name, kind in types.items():
        if name.startswith("redis_") and not others.match(name):
            assert own_types.get(name) == kind, f"{name} is a {kind}, and here {own_types.get(name)}"
    for name in ("redis_commands_total", "redis_commands_duration_seconds_total",
                 "redis_commands_failed_calls_total", "redis_commands_rejected_calls_total",
                 "redis_latency_percentiles_usec_count", "redis_latency_percentiles_usec_sum"):
        assert f'{name}{{cmd="lpush"}}' in own_values, f"{name} is not on the server's own page"
    assert 'redis_latency_percentiles_usec{cmd="lpush",quantile="99.9"}' in own_values
assert values["redis_up"] == 1 and values['redis_exporter_last_scrape_error{err=""}'] == 0, log
for name in ("redis_connected_clients", "redis_memory_used_bytes", "redis_commands_processed_total",
             "redis_config_maxclients", "redis_uptime_in_seconds", "redis_mem_fragmentation_ratio",
             "redis_rdb_last_save_timestamp_seconds", "redis_aof_enabled", "redis_process_id",
             'redis_db_keys{db="db3"}', 'redis_db_keys_expiring{db="db3"}',
             'redis_commands_total{cmd="lpush"}', 'redis_errors_total{err="WRONGTYPE"}',
             'redis_latency_spike_last{event_name="command"}',
             'redis_latency_spike_duration_seconds{event_name="command"}',
             'redis_key_size{db="db3",key="hash"}',
             'redis_stream_length{db="db3",stream="stream"}',
             'redis_stream_group_messages_pending{db="db3",group="group",stream="stream"}'):
    assert name in values, f"{name} is not on the page"
assert values['redis_db_keys{db="db3"}'] == 505
assert values['redis_stream_group_messages_pending{db="db3",group="group",stream="stream"}'] == 1
assert "level=error" not in log and "panic" not in log, log
r.config_set("latency-monitor-threshold", 0)
r.flushdb()
print("ok")
