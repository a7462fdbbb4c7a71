#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# nutcracker (twemproxy) spreads keys over two servers: arguments are their two ports.
import os
import subprocess
import sys
import tempfile
import time

import redis

one, two = int(sys.argv[1]), int(sys.argv[2])
listen = one + 2000
servers = [redis.Redis(port=p) for p in (one, two)]
for s in servers:
    s.flushdb()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "nutcracker.yml")
    with open(path, "w") as out:
        out.write(f"""pool:
  listen: 127.0.0.1:{listen}
  hash: fnv1a_64
  distribution: ketama
  redis: true
  servers:
   - 127.0.0.1:{one}:1 one
   - 127.0.0.1:{two}:1 two
""")
    proxy = subprocess.Popen(["nutcracker", "-c", path, "-s", str(listen + 1), "-a", "127.0.0.1",
                              "-o", os.path.join(folder, "log")])
    try:
        r = redis.Redis(port=listen)
        for _ in range(100):
            try:
                r.get("x")
                break
            except redis.ConnectionError:
                time.sleep(0.1)
        with r.pipeline(transaction=False) as p:
            for i in range(1000):
                p.set(f"k{i}", i)
            assert all(p.execute())
        assert r.mget([f"k{i}" for i in range(1000)]) == [str(i).encode() for i in range(1000)]
        shares = [s.dbsize() for s in servers]
        assert sum(shares) == 1000 and min(shares) > 100, shares
        assert r.delete(*[f"k{i}" for i in range(500)]) == 500
        assert r.lpush("l", 1, 2, 3) == 3 and r.lrange("l", 0, -1) == [b"3", b"2", b"1"]
        assert r.eval("return KEYS[1]", 1, "l") == b"l"
        try:
            r.incr("l")
            raise AssertionError("a string command on a list was taken")
        except redis.ResponseError as error:
            assert "WRONGTYPE" in str(error)
    finally:
        proxy.terminate()
        proxy.wait()
for s in servers:
    s.flushdb()
print("ok")
