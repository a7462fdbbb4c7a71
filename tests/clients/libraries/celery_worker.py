#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# celery with this server as broker and as result store: single tasks, a group and a chord. The
# worker runs in a thread of this process.
import logging
import sys

from celery import Celery, chord, group
from celery.contrib.testing.worker import start_worker

logging.disable(logging.CRITICAL)
url = f"redis://127.0.0.1:{sys.argv[1]}/13"
app = Celery("numbers", broker=url, backend=url)
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


with start_worker(app, perform_ping_check=False, loglevel="CRITICAL"):
    assert add.delay(2, 3).get(timeout=20) == 5
    assert sorted(group(add.s(i, i) for i in range(10))().get(timeout=20)) == list(range(0, 20, 2))
    assert chord((add.s(i, i) for i in range(10)), total.s())().get(timeout=20) == 90
app.backend.client.flushdb()
print("ok")
