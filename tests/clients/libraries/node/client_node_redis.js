// SPDX-License-Identifier: BSD-3-Clause
//
// node-redis over RESP3: typed replies, transactions, scripts, subscriptions, client-side caching's
// invalidation messages are left to the library's own cache.
'use strict';
const assert = require('node:assert');
const { createClient, defineScript } = require('redis');

async function main(port) {
	const r = createClient({ socket: { port }, database: 5, RESP: 3 });
	r.on('error', (error) => { throw error; });
	await r.connect();
	await r.flushDb();
	assert.equal(await r.set('s', 'v', { EX: 100, NX: true }), 'OK');
	assert.equal(await r.get('s'), 'v');
	assert.equal(await r.get('none'), null);
	const sums = await Promise.all([...Array(100).keys()].map(() => r.incr('n')));
	assert.equal(sums[99], 100);
	assert.deepEqual(await r.multi().set('a', '1').get('a').exec(), ['OK', '1']);
	await r.hSet('h', { a: '1', b: '2' });
	assert.deepEqual({ ...(await r.hGetAll('h')) }, { a: '1', b: '2' });
	await r.zAdd('z', [{ score: 1.5, value: 'a' }, { score: 2, value: 'b' }]);
	assert.deepEqual(await r.zRangeWithScores('z', 0, -1),
		[{ value: 'a', score: 1.5 }, { value: 'b', score: 2 }]);
	assert.equal(await r.eval('return ARGV[1] + 1', { keys: [], arguments: ['41'] }), 42);
	const id = await r.xAdd('x', '*', { k: 'v' });
	assert.equal((await r.xRange('x', '-', '+'))[0].id, id);
	const keys = [];
	for await (const some of r.scanIterator({ MATCH: '*' })) keys.push(...[some].flat());
	assert.deepEqual(keys.sort(), ['a', 'h', 'n', 's', 'x', 'z']);
	await assert.rejects(r.lPush('s', '1'), /WRONGTYPE/);

	const listener = r.duplicate();
	await listener.connect();
	const heard = new Promise((resolve) => listener.subscribe('news', resolve));
	while ((await r.publish('news', 'hello')) === 0) await new Promise((go) => setTimeout(go, 5));
	assert.equal(await heard, 'hello');
	await r.flushDb();
	r.destroy();
	listener.destroy();
	console.log('ok');
}

main(Number(process.argv[2]));
