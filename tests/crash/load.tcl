# SPDX-License-Identifier: BSD-3-Clause
#
# The load that both crash tests put on a server, and what must be left of it. Several clients
# write, each its own keys, numbered: most numbers are a SET, each fifth is written to three keys at
# once, by a transaction or by a script. What is found later must be all up to some number, each
# fifth as a whole.

source [file join [file dirname [file normalize [info script]]] .. spec lib resp.tcl]

set clients 4
set batch 25
set deadline_ms 60000
set direct auto ;# aof-direct-io
set script {redis.call('set', KEYS[1], ARGV[1]) redis.call('rpush', KEYS[2], ARGV[1])
	return redis.call('set', KEYS[3], ARGV[1])}

proc pick {limit} {
	return [expr {int(rand() * $limit)}]
}

# Starts the server there with that policy; `environment` is for this server alone. Sets ::port
# and ::pid; what it says goes to `log`.
proc launch {server dir policy log {environment {}}} {
	global port pid direct
	set port [resp::free_port]
	set pid [exec env {*}$environment $server --port $port --bind 127.0.0.1 --dir $dir \
		--save {} --appendonly yes --appendfsync $policy --aof-direct-io $direct \
		--auto-aof-rewrite-min-size 20kb >>$log 2>@1 &]
}

proc is_alive {} {
	global pid
	return [expr {[file exists /proc/$pid] &&
		[catch {exec grep -q {^State:.Z} /proc/$pid/status}]}]
}

proc connect {log} {
	global port deadline_ms
	set deadline [expr {[clock milliseconds] + $deadline_ms}]
	while {[clock milliseconds] < $deadline} {
		if {![catch {set c [resp::open_client 127.0.0.1 $port]}]} {
			if {![catch {$c ping} answer] && $answer eq "PONG"} {
				return $c
			}
			$c @close
		}
		if {![is_alive]} {
			break
		}
		after 5
	}
	error "the server does not come back: [exec tail -n 3 $log]"
}

proc kill_server {} {
	global pid
	catch {exec sh -c "kill -9 $pid"} ;# a small system has no program of that name
	while {[is_alive]} {
		after 1
	}
}

# One batch of client i: numbers n+1 .. n+batch. Returns the last.
proc send_batch {c i n} {
	global batch script
	for {set k 1} {$k <= $batch} {incr k} {
		incr n
		if {$n % 10 == 0} {
			$c @send eval $script 3 a:$i list:$i b:$i $n
		} elseif {$n % 5 == 0} {
			$c @send multi
			$c @send set a:$i $n
			$c @send rpush list:$i $n
			$c @send set b:$i $n
			$c @send exec
		} else {
			$c @send set n:$i $n
		}
	}
	return $n
}

# Reads the answer to number n.
proc read_answer {c n} {
	for {set lines [expr {$n % 10 != 0 && $n % 5 == 0 ? 5 : 1}]} {$lines > 0} {incr lines -1} {
		$c @read
	}
}

proc number {value} {
	return [expr {$value eq "" ? 0 : $value}]
}

# What client i finds: between what was answered and what was sent, each fifth whole.
proc check {c i answered sent} {
	lassign [lmap v [$c mget a:$i b:$i n:$i] {number $v}] a b n
	set last [$c lindex list:$i -1]
	if {$a != $b || $a != [number $last]} {
		error "client $i: half a transaction: a $a, b $b, list $last"
	}
	if {[$c llen list:$i] != $a / 5} {
		error "client $i: the list has [$c llen list:$i] elements of [expr {$a / 5}]"
	}
	set found [expr {$a > $n ? $a : $n}]
	if {$found < $answered || $found > $sent} {
		error "client $i: found $found, answered $answered, sent $sent"
	}
	if {$a < $found - $found % 5} {
		error "client $i: $found is there, but not the transaction before it ($a)"
	}
	return $found
}
