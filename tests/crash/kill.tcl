# SPDX-License-Identifier: BSD-3-Clause
#
# Kills a server under load, again and again, and compares what comes back with what it had said.
#
#   tclsh tests/crash/kill.tcl ?--server PATH? ?--rounds N? ?--seed N? ?--policy always|everysec|no?
#
# Several clients write, each its own keys, numbered; transactions among them. In the middle of it a
# rewrite, a snapshot or a switch of the policy may run. Then the server is killed (SIGKILL), now
# and then a second time while it starts. What it answered must be there, nothing may be there
# that was not sent, and a transaction is there as a whole or not at all. The last line is
# "crash: N passed, N failed"; the exit status 1 if a round failed.
#
# A kill leaves what the kernel was given. What a power loss leaves is tested with the parts that
# judge it (tests/unit/persist/aof_scan.c): each cut and each hole of a file.

set here [file dirname [file normalize [info script]]]
source [file join $here .. spec lib resp.tcl]

set server [file join $here .. .. src ringlet-server]
array set option [list server $server rounds 10 seed 1 policy "" tmp /tmp]
foreach {name value} $argv {
	set option([string range $name 2 end]) $value
}
expr {srand($option(seed))}

set clients 4
set batch 25

proc pick {limit} {
	return [expr {int(rand() * $limit)}]
}

proc launch {} {
	global option dir policy port pid
	set listener [socket -server list -myaddr 127.0.0.1 0]
	set port [lindex [fconfigure $listener -sockname] 2]
	close $listener
	set pid [exec $option(server) --port $port --bind 127.0.0.1 --dir $dir --save {} \
		--appendonly yes --appendfsync $policy --auto-aof-rewrite-min-size 20kb \
		>>$dir/log 2>@1 &]
}

proc connect {} {
	global port
	set deadline [expr {[clock milliseconds] + 20000}]
	while {[clock milliseconds] < $deadline} {
		if {![catch {set c [resp::open_client 127.0.0.1 $port]}] &&
			![catch {$c ping} answer] && $answer eq "PONG"} {
			return $c
		}
		after 5
	}
	error "the server does not come back: [exec tail -n 3 $::dir/log]"
}

proc kill_server {} {
	global pid
	catch {exec kill -9 $pid}
	while {![catch {exec kill -0 $pid}] &&
		[catch {exec grep -q {^State:.Z} /proc/$pid/status}]} {
		after 1
	}
}

proc disturb {c} {
	switch [pick 5] {
		0 {$c bgrewriteaof}
		1 {$c bgsave}
		2 {$c config set appendfsync [lindex {always everysec no} [pick 3]]}
	}
}

# One batch of one client: numbers n+1 .. n+batch, every fifth as a transaction over two keys.
proc send_batch {c i n} {
	global batch
	for {set k 1} {$k <= $batch} {incr k} {
		incr n
		if {$n % 5 == 0} {
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

# Reads the replies of `count` numbers from n+1 on.
proc read_replies {c n count} {
	for {set k 1} {$k <= $count} {incr k} {
		incr n
		for {set lines [expr {$n % 5 == 0 ? 5 : 1}]} {$lines > 0} {incr lines -1} {
			$c @read
		}
	}
}

proc number {value} {
	return [expr {$value eq "" ? 0 : $value}]
}

# What client i finds: between what was answered and what was sent, each transaction whole.
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

proc round {} {
	global clients batch state
	for {set i 0} {$i < $clients} {incr i} {
		set c($i) [connect]
	}
	set batches [expr {1 + [pick 12]}]
	for {set k 0} {$k < $batches} {incr k} {
		if {[pick 3] == 0} {
			catch {disturb $c(0)}
		}
		for {set i 0} {$i < $clients} {incr i} {
			set answered($i) $state($i)
			set sent($i) [send_batch $c($i) $i $state($i)]
		}
		set is_last [expr {$k + 1 == $batches}]
		for {set i 0} {$i < $clients} {incr i} {
			set count [expr {$is_last ? [pick [expr {$batch + 1}]] : $batch}]
			read_replies $c($i) $answered($i) $count
			incr answered($i) $count
			set state($i) $sent($i)
		}
	}
	kill_server
	for {set i 0} {$i < $clients} {incr i} {
		$c($i) @close
	}
	launch
	if {[pick 3] == 0} {
		after [pick 30]
		kill_server
		launch
	}
	set reader [connect]
	for {set i 0} {$i < $clients} {incr i} {
		set state($i) [check $reader $i $answered($i) $sent($i)]
	}
	$reader @close
}

set passed 0
set failed 0
for {set k 0} {$k < $option(rounds) && $failed == 0} {incr k} {
	if {$k % 5 == 0} {
		if {$k > 0} {
			kill_server
			file delete -force $dir
		}
		set dir $option(tmp)/ringlet-crash-[pid]
		file mkdir $dir
		set policy $option(policy)
		if {$policy eq ""} {
			set policy [lindex {always everysec no} [pick 3]]
		}
		for {set i 0} {$i < $clients} {incr i} {
			set state($i) 0
		}
		launch
	}
	if {[catch {round} why]} {
		puts "round $k (seed $option(seed), $policy): $why"
		incr failed
	} else {
		incr passed
	}
}
kill_server
if {$failed == 0} {
	file delete -force $dir
} else {
	puts "data and log: $dir"
}
puts "crash: $passed passed, $failed failed"
exit [expr {$failed > 0}]
