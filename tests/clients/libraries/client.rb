# SPDX-License-Identifier: BSD-3-Clause
#
# ruby-redis: pipelines, transactions, scripts, subscriptions.
require 'redis'

r = Redis.new(port: ARGV[0].to_i, db: 10)
def check(what, got, wanted)
  raise "#{what}: #{got.inspect} instead of #{wanted.inspect}" unless got == wanted
end

r.flushdb
check 'set', r.set('s', 'v', ex: 10), 'OK'
check 'nx', r.set('s', 'w', nx: true), false
check 'get', r.get('s'), 'v'
check 'pipelined', r.pipelined { |p| 100.times { |i| p.rpush('l', i) } }, (1..100).to_a
check 'lrange', r.lrange('l', 0, 2), %w[0 1 2]
check 'multi', r.multi { |t| t.incr('n'); t.incr('n') }, [1, 2]
check 'mapped', r.mapped_hmset('h', 'a' => '1', 'b' => '2'), 'OK'
check 'hgetall', r.hgetall('h'), 'a' => '1', 'b' => '2'
check 'zadd', r.zadd('z', [[1, 'a'], [2.5, 'b']]), 2
check 'zrange', r.zrange('z', 0, -1, with_scores: true), [['a', 1.0], ['b', 2.5]]
check 'eval', r.eval('return {KEYS[1], ARGV[1], 7}', keys: ['k'], argv: ['a']), ['k', 'a', 7]
id = r.xadd('x', { 'f' => 'v' })
check 'xrange', r.xrange('x'), [[id, { 'f' => 'v' }]]
check 'scan', r.scan_each(match: '*').to_a.sort, %w[h l n s x z]
check 'blpop', r.blpop('l', timeout: 1), %w[l 0]
begin
  r.lpush('s', 1)
  raise 'a list command on a string was taken'
rescue Redis::CommandError => e
  check 'error', e.message[0, 9], 'WRONGTYPE'
end
heard = nil
other = Redis.new(port: ARGV[0].to_i)
r.subscribe('news') do |on|
  on.subscribe { other.publish('news', 'hello') }
  on.message do |_channel, message|
    heard = message
    r.unsubscribe
  end
end
check 'message', heard, 'hello'
r.flushdb
puts 'ok'
