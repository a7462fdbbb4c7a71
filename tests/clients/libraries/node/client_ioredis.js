// SPDX-License-Identifier: BSD-3-Clause
//
// ioredis: automatic pipelining, transactions, custom commands, streams, subscriptions.
'use strict';
const assert = require('node:assert');
const Redis = require('ioredis');

async function main(port) {
	const r = new Redis({ port, db: 6, enableAutoPipelining: true });
	await r.flushdb();
	assert.equal(await r.set('s', 'v', 'EX', 100), 'OK');
	const many = await Promise.all([...Array(500).keys()].map((i) => r.incrby('n', i)));
	assert.equal(Math.max(...many), 124750);
	const results = await r.pipeline().hset('h', { a: 1, b: 2 }).hgetall('h').exec();
	assert.deepEqual(results, [[null, 2], [null, { a: '1', b: '2' }]]);
	assert.deepEqual(await r.multi().incr('t').incr('t').exec(), [[null, 1], [null, 2]]);
	r.defineCommand('twice', { numberOfKeys: 1, lua: 'return redis.call("get", KEYS[1]) .. ARGV[1]' });
	assert.equal(await r.twice('s', '!'), 'v!');
	const id = await r.xadd('x', '*', 'k', 'v');
	assert.deepEqual(await r.xread('STREAMS', 'x', '0'), [['x', [[id, ['k', 'v']]]]]);
	await r.zadd('z', 1, 'a', 2, 'b');
	assert.deepEqual(await r.zrange('z', 0, -1, 'WITHSCORES'), ['a', '1', 'b', '2']);
	assert.deepEqual(await r.getBuffer('s'), Buffer.from('v'));
	await assert.rejects(r.lpush('s', 1), /WRONGTYPE/);
	const keys = [];
	for await (const some of r.scanStream({ match: '*' })) keys.push(...some);
	assert.deepEqual([...new Set(keys)].sort(), ['h', 'n', 's', 't', 'x', 'z']);

	const listener = r.duplicate();
	const heard = new Promise((resolve) => listener.on('message', (channel, text) => resolve(text)));
	await listener.subscribe('news');
	await r.publish('news', 'hello');
	assert.equal(await heard, 'hello');
	const waiting = r.duplicate();
	const popped = waiting.blpop('queue', 5);
	await r.rpush('queue', 'job');
	assert.deepEqual(await popped, ['queue', 'job']);
	await r.flushdb();
	for (const c of [r, listener, waiting]) c.disconnect();
	console.log('ok');
}

main(Number(process.argv[2]));
