# SPDX-License-Identifier: BSD-3-Clause
#
# Cuts the power of a server, without a disk that could: what it does to its files is recorded
# (record.c), and for many moments of that history a directory is made of what a power loss at
# that moment may have left (replay.c). A server is started there; what the first had promised by
# then must be there, each transaction whole, and it must start at all.
#
#   tclsh tests/crash/power.tcl --tools DIR ?--server PATH? ?--policy always|everysec|no?
#       ?--direct auto|no? ?--seed N? ?--histories N? ?--points N? ?--planted PATH? ?--sync-us N?
#
# Promised is under appendfsync always what was answered, to who wrote and to who read; under the
# others what was answered to a client of CLIENT DURABILITY fsync or by WAITAOF, and all if no power
# is lost (a part of the moments). There are no clocks in this: no pause of the machine changes
# what must be found. Some moments are followed by a second loss, while the server starts.
#
# --planted: a server with faults on purpose (src/persist/plant.h). Each must be found within
# `points` moments, else the test of the test has failed; with none of them it must pass. The last
# line is "power: N passed, N failed"; the exit status 1 if a moment failed.

set here [file dirname [file normalize [info script]]]
source [file join $here load.tcl]

set server [file join $here .. .. src ringlet-server]
array set option [list server $server policy always seed 1 histories 1 points 40 planted "" \
	direct auto tools build/crash tmp /tmp sync-us 3000]
foreach {name value} $argv {
	set option([string range $name 2 end]) $value
}
set direct $option(direct)
set server [file normalize $option(server)]
set tools [file normalize $option(tools)]
if {![file exists $tools/record.so]} {
	error "make crash-build comes first: there is no $tools/record.so"
}
set tmp $option(tmp)/ringlet-power-[pid]
expr {srand($option(seed))}
# number, aof-direct-io, name
set faults {1 no {fsync skipped} 2 auto {reply released early} 3 auto {directory not synced}
	4 auto {rename before fsync} 5 auto {read released early} 6 auto {RWF_DSYNC left out}
	2 no {reply released early, fdatasync} 5 no {read released early, fdatasync}}
set batches 16

proc any {list} {
	return [lindex $list [pick [llength $list]]]
}

# --- a history -------------------------------------------------------------------------------

# The journal's length now.
proc now {} {
	return [file size $::tmp/journal]
}

proc environment {journal root plant} {
	global tools option
	return [list LD_PRELOAD=$tools/record.so RECORD_ROOT=$root RECORD_JOURNAL=$journal \
		RECORD_SYNC_US=$option(sync-us) RINGLET_PLANT=$plant \
		ASAN_OPTIONS=verify_asan_link_order=0]
}

# From now on there is reason to believe in number n of client i: who wrote it was answered, or
# somebody read it. `strict`: a power loss may not take it.
proc promise {how i n strict} {
	upvar #0 $how promises
	lappend promises [list [now] $i $n $strict]
}

proc read_others {reader} {
	global clients
	set i [pick $clients]
	promise reads $i [number [$reader get n:$i]] 1
}

# (One may be under way: a log that has grown is rewritten by itself.)
proc disturb {c k} {
	switch [expr {$k % 8}] {
		2 {catch {$c bgrewriteaof}}
		5 {catch {$c bgsave}}
	}
}

# A snapshot that is said to be saved must be there.
proc look_for_dump {c} {
	global saved
	set text [$c info persistence]
	if {$saved eq "" && [regexp {rdb_saves:[1-9]} $text] && [string match \
		*rdb_bgsave_in_progress:0*rdb_last_bgsave_status:ok* $text]} {
		set saved [now]
	}
}

# A server's life under load. Leaves ::answers, ::reads, ::sent(i), ::saved and the journal.
proc history {server policy plant} {
	global tmp clients batch batches answers reads sent saved
	file delete -force $tmp
	file mkdir $tmp/disk
	set answers {}
	set reads {}
	set saved ""
	launch $server $tmp/disk $policy $tmp/log [environment $tmp/journal $tmp/disk $plant]
	for {set i 0} {$i < $clients} {incr i} {
		set c($i) [connect $tmp/log]
		set sent($i) 0
	}
	set reader [connect $tmp/log]
	if {$policy ne "always"} {
		$reader client durability fsync
		$c(0) client durability fsync
	}
	for {set k 0} {$k < $batches} {incr k} {
		disturb $reader $k
		for {set i 0} {$i < $clients} {incr i} {
			set first($i) $sent($i)
			set sent($i) [send_batch $c($i) $i $sent($i)]
			read_others $reader
		}
		for {set i 0} {$i < $clients} {incr i} {
			for {set n [expr {$first($i) + 1}]} {$n <= $sent($i)} {incr n} {
				read_answer $c($i) $n
				promise answers $i $n [expr {$policy eq "always" || $i == 0}]
			}
		}
		look_for_dump $reader
		if {$policy eq "everysec" && $k % 5 == 0 &&
			[lindex [$c(1) waitaof 1 0 2000] 0] == 1} {
			promise answers 1 $sent(1) 1
		}
	}
	kill_server
	foreach client [list $reader {*}[lmap i [array names c] {set c($i)}]] {
		$client @close
	}
}

# --- a moment of it ------------------------------------------------------------------------------

# Positions of all events since the server began; ::turning those around changes of names.
proc read_events {journal} {
	global tools turning
	set turning {}
	set positions {}
	set began 0
	foreach line [split [exec $tools/replay $journal] \n] {
		lassign $line position kind path
		if {$began} {
			if {$kind in {directory created renamed removed} || ($kind eq "sync" &&
				![regexp {incr} $path])} {
				lappend turning [lindex $positions end] $position
			}
			lappend positions $position
		} elseif {$kind eq "begin"} {
			set began 1
			lappend positions $position
		}
	}
	return $positions
}

# Half of them right behind a promise, where there was the least time to keep it.
proc pick_moment {positions} {
	global answers reads turning
	switch -glob [pick 12] {
		[0-2] {return [lindex [any $answers] 0]}
		[3-5] {return [lindex [any $reads] 0]}
		[6-9] {return [any $turning]}
	}
	return [any $positions]
}

proc replay {journal position left names directory} {
	global tools
	file delete -force $directory
	exec $tools/replay $journal $position $left $names [pick 1000000000] $directory
	file mkdir $directory
}

# What must be found, by client.
proc owed {position left} {
	global answers reads clients
	for {set i 0} {$i < $clients} {incr i} {
		set least($i) 0
	}
	foreach p [concat $answers $reads] {
		lassign $p at i n strict
		if {$at <= $position && ($strict || $left eq "keep") && $n > $least($i)} {
			set least($i) $n
		}
	}
	return [array get least]
}

proc check_dump {server directory position} {
	global tmp saved
	if {![file exists $directory/dump.rdb]} {
		if {$saved ne "" && $saved <= $position} {
			error "the snapshot is not there"
		}
		return
	}
	if {![file exists $tmp/redis-check-rdb]} {
		file link -symbolic $tmp/redis-check-rdb $server
	}
	if {[catch {exec $tmp/redis-check-rdb $directory/dump.rdb} why]} {
		error "the snapshot is damaged: $why"
	}
}

# The server loses power once more while it starts; returns the directory that is left.
proc lose_again {server policy directory} {
	global tmp
	file delete $tmp/journal2
	launch $server $directory $policy $tmp/log2 [environment $tmp/journal2 $directory 0]
	[connect $tmp/log2] @close
	kill_server
	replay $tmp/journal2 [any [read_events $tmp/journal2]] [any {drop torn subset mix}] \
		[any {posix journal}] $directory-again
	return $directory-again
}

proc moment {server policy position left names} {
	global tmp clients sent
	set directory $tmp/left
	replay $tmp/journal $position $left $names $directory
	check_dump $server $directory $position
	if {[pick 4] == 0} {
		set directory [lose_again $server $policy $directory]
	}
	file delete $tmp/log2
	launch $server $directory $policy $tmp/log2
	set c [connect $tmp/log2]
	array set least [owed $position $left]
	for {set i 0} {$i < $clients} {incr i} {
		check $c $i $least($i) $sent($i)
	}
	$c @close
}

# Loses power at so many moments of the history; the message of the first that was wrong, or "".
proc lose_power {server policy points} {
	global tmp round turning passed
	set positions [read_events $tmp/journal]
	set turns $turning
	for {set round 1} {$round <= $points} {incr round} {
		set turning $turns
		set position [pick_moment $positions]
		set left [any {drop drop drop torn torn torn subset subset mix keep}]
		set names [any {posix journal}]
		set failed [catch {moment $server $policy $position $left $names} why]
		kill_server
		if {$failed} {
			append found "moment $round ($policy, seed $::option(seed)), at $position, "
			return [append found "$left, $names, direct $::direct: $why"]
		}
		incr passed
	}
	return ""
}

# --- the test, and the test of it ----------------------------------------------------------------

proc fail {why} {
	global failed tmp
	incr failed
	puts "FAILED: $why"
	if {[file exists $tmp]} {
		file rename $tmp $tmp-$failed
		puts "journal, what was left and logs: $tmp-$failed"
	}
}

# A history and its moments; what was wrong, or "".
proc examine {server policy plant points} {
	if {[catch {
		history $server $policy $plant
		lose_power $server $policy $points
	} why]} {
		kill_server
		return "the history ended early: $why"
	}
	return $why
}

set passed 0
set failed 0
if {$option(planted) eq ""} {
	for {set k 0} {$k < $option(histories) && $failed == 0} {incr k} {
		set points [expr {$option(points) / $option(histories)}]
		set why [examine $server $option(policy) 0 $points]
		if {$why ne ""} {
			fail $why
		}
	}
} else {
	set planted [file normalize $option(planted)]
	set why [examine $planted always 0 10]
	if {$why ne ""} {
		fail "no fault is planted, but one was found: $why"
	}
	foreach {plant direct name} $faults {
		set before $passed
		set why [examine $planted always $plant $option(points)]
		set is_found [string match "moment *" $why]
		set passed [expr {$before + $is_found}]
		if {!$is_found} {
			fail "$name: not found within $option(points) moments. $why"
		} else {
			puts "$name: found at $why"
		}
	}
}
file delete -force $tmp
puts "power: $passed passed, $failed failed"
exit [expr {$failed > 0}]
