# SPDX-License-Identifier: BSD-3-Clause
#
# A disk that returns errors: of writes, fsyncs, renames and new files; of the log, a rewrite, the
# manifest and a snapshot. Where the log can't be written, writes are refused with the reason and
# reads go on (of what is not on the disk only for who does not ask for that), until the disk is
# well again and a new log stands; elsewhere writes go on. In the end power is lost, and all that
# was answered must be there.
#
#   tclsh tests/crash/errors.tcl --tools DIR ?--server PATH? ?--seed N?
#
# record.c makes the errors and notes what lasts. The last line is "errors: N passed, N failed".

set here [file dirname [file normalize [info script]]]
source [file join $here load.tcl]

set server [file join $here .. .. src ringlet-server]
array set option [list server $server seed 1 tools build/crash tmp /tmp]
foreach {name value} $argv {
	set option([string range $name 2 end]) $value
}
set server [file normalize $option(server)]
set tools [file normalize $option(tools)]
set tmp $option(tmp)/ringlet-errors-[pid]

# name, policy (and aof-direct-io), fault (KIND ERRNO PART), the command that finds it out: none =
# the log by itself; long: it stays until nobody waits for it any more; refused: it is no error
set cases {
	{log: write EIO} always {write 5 incr} {}
	{log: write EIO, fdatasync} {always no} {write 5 incr} {}
	{log: disk full} always {write 28 incr} {}
	{log: disk full, fdatasync} {always no} {write 28 incr} {}
	{log: direct write EIO} always {direct 5 incr} {}
	{log: quota of a direct write} always {direct 122 incr} {}
	{log: direct writes refused} always {direct 22 incr} refused
	{log: disk full, everysec} everysec {write 28 incr} {}
	{log: disk full for long} always {write 28 incr} long
	{log: disk full for long, everysec} everysec {write 28 incr} long
	{log: short write} always {short 28 incr} {}
	{log: short write, fdatasync} {always no} {short 28 incr} {}
	{log: short write, everysec} everysec {short 28 incr} {}
	{log: short write for long, no fsync} no {short 28 incr} long
	{log: fsync EIO} always {sync 5 incr} {}
	{log: fsync EIO, fdatasync} {always no} {sync 5 incr} {}
	{log: fsync EIO, everysec} everysec {sync 5 incr} {}
	{rewrite: disk full} always {write 28 temp-rewriteaof} bgrewriteaof
	{rewrite: fsync of the base} always {sync 5 temp-rewriteaof} bgrewriteaof
	{rewrite: no new file} always {create 13 appendonlydir} bgrewriteaof
	{rewrite: manifest's rename} always {rename 5 manifest} bgrewriteaof
	{rewrite: manifest's fsync} always {sync 5 manifest} bgrewriteaof
	{snapshot: disk full} always {write 28 temp-bg} bgsave
	{snapshot: no rename} always {rename 13 dump.rdb} bgsave
}
array set status {bgrewriteaof aof_last_bgrewrite_status bgsave rdb_last_bgsave_status}

proc wait_until {what condition} {
	global deadline_ms
	set deadline [expr {[clock milliseconds] + $deadline_ms}]
	while {![uplevel 1 [list expr $condition]]} {
		if {[clock milliseconds] > $deadline} {
			error "not $what"
		}
		after 10
	}
}

proc field {c name} {
	return [expr {[regexp "$name:(\[^\r\]*)" [$c info persistence] -> value] ? $value : ""}]
}

proc must {what condition} {
	if {![uplevel 1 [list expr $condition]]} {
		error "not so: $what"
	}
}

# Writes n+1 .. n+count, all of them answered. Returns the last.
proc write_some {c n count} {
	for {} {$count > 0} {incr count -1} {
		$c set k:[incr n] $n
	}
	return $n
}

# The log's own failure: found out by a write, which waits until all is well again.
proc break_log {c first} {
	global tmp port
	set writer [connect $tmp/log]
	$writer @send set unsure 1
	wait_until {refused} {[field $c writes_refused_reason] ne ""}
	must {it says why} {[string match {append only file: *} [field $c writes_refused_reason]]}
	must {the status says so} {[field $c aof_last_write_status] eq "err"}
	must {writes are refused} {[catch {$c set k:0 0} why] && [string match MISCONF* $why]}
	must {reads go on} {[$c get k:$first] eq $first}
	foreach level {none written fsync} {
		set reader [resp::open_client 127.0.0.1 $port] ;# (connect would PING: refused)
		$reader client durability $level
		foreach words {dbsize {scan 0} {keys unsure} {get unsure}} {
			set is_refused [catch {$reader {*}$words} answer]
			must "$words at level $level: $answer" {
				$is_refused == ($level eq "fsync")
			}
			must {it says why} {!$is_refused || [string match MISCONF* $answer]}
			must {it shows it} {
				$is_refused || $words ne {get unsure} || $answer eq "1"
			}
		}
		$reader @close
	}
	return $writer
}

proc run_case {policy fault command} {
	global tmp tools server status direct
	file delete -force $tmp
	set direct [expr {[llength $policy] > 1 ? [lindex $policy 1] : "auto"}]
	set policy [lindex $policy 0]
	file mkdir $tmp/disk
	launch $server $tmp/disk $policy $tmp/log [list LD_PRELOAD=$tools/record.so \
		RECORD_ROOT=$tmp/disk RECORD_JOURNAL=$tmp/journal RECORD_FAULT=$tmp/fault \
		ASAN_OPTIONS=verify_asan_link_order=0]
	set c [connect $tmp/log]
	set n [write_some $c 0 50]
	set f [open $tmp/fault.new w]
	puts $f $fault
	close $f
	file rename $tmp/fault.new $tmp/fault
	set is_log [expr {$command in {{} long}}]
	if {$is_log} {
		set writer [break_log $c 1]
		if {$command eq "long"} {
			must {who waited is not left alone} {[$writer @closed 20000]}
			must {its write is seen} {[$c get k:1] eq "1"}
		}
	} elseif {$command eq "refused"} {
		must {it was direct} {[field $c aof_commit_method] eq "direct"}
		set n [write_some $c $n 50]
		must {it isn't any more} {[field $c aof_commit_method] eq "fdatasync"}
	} else {
		$c $command
		wait_until {found out} {[field $c $status($command)] eq "err"}
		set n [write_some $c $n 50]
	}
	file delete $tmp/fault
	if {$is_log} {
		wait_until {well again} {[field $c writes_refused_reason] eq ""}
		must {who waited is answered} {$command eq "long" || [$writer @read] eq "OK"}
		$writer @close
	} elseif {$command ne "refused"} {
		$c $command
		wait_until {well again} {[field $c $status($command)] eq "ok"}
	}
	if {$policy ne "always"} {
		$c client durability fsync
	}
	set n [write_some $c $n 50]
	kill_server
	$c @close
	exec $tools/replay $tmp/journal [file size $tmp/journal] drop posix 1 $tmp/left
	launch $server $tmp/left $policy $tmp/log2
	set c [connect $tmp/log2]
	for {set i 1} {$i <= $n} {incr i} {
		must "$i of $n is there" {[$c get k:$i] eq $i}
	}
	$c @close
}

set passed 0
set failed 0
foreach {name policy fault command} $cases {
	set is_wrong [catch {run_case $policy $fault $command} why]
	kill_server
	if {$is_wrong} {
		puts "FAILED: $name: $why"
		incr failed
		file rename $tmp $tmp-$failed
		puts "journal, what was left and logs: $tmp-$failed"
	} else {
		incr passed
	}
}
file delete -force $tmp
puts "errors: $passed passed, $failed failed"
exit [expr {$failed > 0}]
