# SPDX-License-Identifier: BSD-3-Clause
#
# Kills a server under load, again and again, and compares what comes back with what it had said.
#
#   tclsh tests/crash/kill.tcl ?--server PATH? ?--rounds N? ?--seed N? ?--policy always|everysec|no?
#
# In the middle of the load (load.tcl) a rewrite, a snapshot or a switch of the policy may run. Then
# the server is killed (SIGKILL), now and then a second time while it starts. What it answered must
# be there, nothing may be there that was not sent, and a transaction is there as a whole or not at
# all. The last line is "crash: N passed, N failed"; the exit status 1 if a round failed.
#
# A kill leaves what the kernel was given; what a power loss leaves is the matter of power.tcl.

set here [file dirname [file normalize [info script]]]
source [file join $here load.tcl]

set server [file join $here .. .. src ringlet-server]
array set option [list server $server rounds 10 seed 1 policy "" tmp /tmp]
foreach {name value} $argv {
	set option([string range $name 2 end]) $value
}
expr {srand($option(seed))}

proc start {} {
	global option dir policy
	launch $option(server) $dir $policy $dir/log
}

proc disturb {c} {
	switch [pick 5] {
		0 {$c bgrewriteaof}
		1 {$c bgsave}
		2 {$c config set appendfsync [lindex {always everysec no} [pick 3]]}
	}
}

proc round {} {
	global clients batch state dir
	for {set i 0} {$i < $clients} {incr i} {
		set c($i) [connect $dir/log]
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
			for {} {$count > 0} {incr count -1} {
				read_answer $c($i) [incr answered($i)]
			}
			set state($i) $sent($i)
		}
	}
	kill_server
	for {set i 0} {$i < $clients} {incr i} {
		$c($i) @close
	}
	start
	if {[pick 3] == 0} {
		after [pick 30]
		kill_server
		start
	}
	set reader [connect $dir/log]
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
		start
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
