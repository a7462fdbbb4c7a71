// SPDX-License-Identifier: BSD-3-Clause
//
// BullMQ: a queue with priorities, delays, retries and a parent with children, and a worker that
// empties it. Nearly all of it is scripts and streams on the server.
'use strict';
const assert = require('node:assert');
const { FlowProducer, Queue, QueueEvents, Worker } = require('bullmq');

async function main(port) {
	const connection = { port, db: 4, maxRetriesPerRequest: null };
	const queue = new Queue('numbers', { connection });
	await queue.obliterate({ force: true });
	const events = new QueueEvents('numbers', { connection });
	await events.waitUntilReady();
	const tries = new Map();
	const worker = new Worker('numbers', async (job) => {
		tries.set(job.id, (tries.get(job.id) ?? 0) + 1);
		if (job.name === 'flaky' && job.attemptsMade < 2) throw new Error('not yet');
		if (job.name === 'parent') return Object.values(await job.getChildrenValues()).reduce((a, b) => a + b);
		await job.updateProgress(50);
		return job.data.n * 2;
	}, { connection, concurrency: 5 });
	worker.on('error', (error) => { throw error; });

	const jobs = await queue.addBulk([...Array(50).keys()].map((n) =>
		({ name: 'double', data: { n }, opts: { priority: (n % 3) + 1 } })));
	const late = await queue.add('late', { n: 21 }, { delay: 50 });
	const flaky = await queue.add('flaky', { n: 4 }, { attempts: 3, backoff: { type: 'fixed', delay: 10 } });
	for (const [n, job] of jobs.entries()) assert.equal(await job.waitUntilFinished(events, 20000), n * 2);
	assert.equal(await late.waitUntilFinished(events, 20000), 42);
	assert.equal(await flaky.waitUntilFinished(events, 20000), 8);
	assert.equal(tries.get(flaky.id), 3);

	const flow = new FlowProducer({ connection });
	const tree = await flow.add({ name: 'parent', queueName: 'numbers', data: {},
		children: [1, 2, 3].map((n) => ({ name: 'double', queueName: 'numbers', data: { n } })) });
	assert.equal(await tree.job.waitUntilFinished(events, 20000), 12);
	assert.equal((await queue.getJobCounts('completed')).completed, 56);
	for (const part of [worker, flow, events]) await part.close();
	await queue.obliterate({ force: true });
	await queue.close();
	console.log('ok');
}

main(Number(process.argv[2]));
