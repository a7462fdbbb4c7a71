# SPDX-License-Identifier: BSD-3-Clause
#
# Perl's Redis: calls, pipelines with callbacks, transactions, subscriptions.
use strict;
use warnings;
use Redis;

my $port = shift;
my $r = Redis->new(server => "127.0.0.1:$port", reconnect => 2);
$r->select(8);
$r->flushdb;

sub check {
	my ($what, $got, $wanted) = @_;
	die "$what: " . ($got // 'undef') . " instead of $wanted\n"
		unless defined $got && $got eq $wanted;
}

check('ping', $r->ping, 'PONG');
check('set', $r->set(s => 'v'), 'OK');
check('get', $r->get('s'), 'v');
die "a key out of nothing\n" if defined $r->get('none');
my $sum = 0;
$r->incr('n', sub { $sum += $_[0] }) for 1 .. 100;
$r->wait_all_responses;
check('pipeline', $sum, 5050);
$r->multi;
$r->rpush('l', $_) for 'a' .. 'c';
my @done = $r->exec;
check('exec', "@done", '1 2 3');
check('lrange', join(',', $r->lrange('l', 0, -1)), 'a,b,c');
$r->hmset('h', a => 1, b => 2);
my %h = $r->hgetall('h');
check('hgetall', $h{a} + $h{b}, 3);
check('eval', $r->eval('return #KEYS + #ARGV', 1, 'k', 'a', 'b'), 3);
check('keys', scalar(() = $r->keys('*')), 4);
eval { $r->lpush('s', 1) };
die "a list command on a string was taken\n" unless $@ =~ /WRONGTYPE/;
my $heard = '';
my $listener = Redis->new(server => "127.0.0.1:$port");
$listener->subscribe('news', sub { $heard = $_[0] });
$r->publish('news', 'hello');
$listener->wait_for_messages(5) until $heard;
check('message', $heard, 'hello');
my $info = $r->info;
check('role', $info->{role}, 'master');
$r->flushdb;
print "ok\n";
