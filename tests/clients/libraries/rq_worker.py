#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# python3-rq: jobs go through a queue to a worker (in this process, until the queue is empty); one
# of them fails.
import sys

import redis
import rq

connection = redis.Redis(port=int(sys.argv[1]), db=12)
connection.flushdb()
queue = rq.Queue("numbers", connection=connection)
good = [queue.enqueue("math.factorial", n, result_ttl=60) for n in range(10)]
bad = queue.enqueue("math.factorial", -1)
worker = rq.SimpleWorker([queue], connection=connection)
worker.log.setLevel("CRITICAL")
assert worker.work(burst=True, logging_level="CRITICAL")
assert good[5].result == 120 and good[9].result == 362880, good[5].result
assert all(job.get_status() == "finished" for job in good)
assert bad.get_status() == "failed" and len(queue.failed_job_registry) == 1
assert len(queue) == 0
connection.flushdb()
print("ok")
