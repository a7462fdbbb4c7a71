<?php
/* SPDX-License-Identifier: BSD-3-Clause
 *
 * php-redis (phpredis): options, pipelines, transactions, scripts, streams, iteration, a session's
 * worth of expiring keys.
 */
function check($what, $got, $wanted)
{
	if ($got !== $wanted) {
		fwrite(STDERR, "$what: " . var_export($got, true) . " instead of " . var_export($wanted, true) . "\n");
		exit(1);
	}
}

$r = new Redis();
$r->connect('127.0.0.1', (int)$argv[1]);
$r->select(9);
$r->flushDB();
check('set', $r->set('s', 'v', ['nx', 'ex' => 100]), true);
check('again', $r->set('s', 'w', ['nx']), false);
check('get', $r->get('s'), 'v');
check('none', $r->get('none'), false);
check('ttl', $r->ttl('s') > 0, true);
check('mset', $r->mSet(['a' => '1', 'b' => '2']), true);
check('mget', $r->mGet(['a', 'b', 'c']), ['1', '2', false]);
check('multi', $r->multi()->incr('a')->hSet('h', 'f', 'v')->exec(), [2, 1]);
$pipe = $r->multi(Redis::PIPELINE);
for ($i = 0; $i < 500; $i++)
	$pipe->zAdd('z', $i, "m$i");
check('pipeline', array_sum($pipe->exec()), 500);
check('zrange', $r->zRange('z', 0, 1, true), ['m0' => 0.0, 'm1' => 1.0]);
check('eval', $r->eval('return redis.call("get", KEYS[1])', ['s'], 1), 'v');
check('sadd', $r->sAdd('set', 'x', 'y'), 2);
$r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$seen = 0;
$cursor = null;
while ($batch = $r->zScan('z', $cursor))
	$seen += count($batch);
check('zscan', $seen, 500);
$id = $r->xAdd('x', '*', ['k' => 'v']);
check('xread', $r->xRead(['x' => '0']), ['x' => [$id => ['k' => 'v']]]);
$r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
$r->setex('session', 60, ['user' => 7]);
check('serialized', $r->get('session'), ['user' => 7]);
check('info', isset($r->info()['redis_version']), true);
$r->flushDB();
echo "ok\n";
