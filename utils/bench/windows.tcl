# SPDX-License-Identifier: BSD-3-Clause
#
# What the measurements in Tcl share: servers started and killed, medians, processor time.
package require Tcl 8.6

proc median {numbers} {
	return [lindex [lsort -real $numbers] [expr {[llength $numbers] / 2}]]
}

# Processor seconds of all threads so far, in hundredths.
proc cpu_seconds {pid} {
	set f [open /proc/$pid/stat]
	set fields [lrange [regsub {.*\) } [read $f] {}] 11 12]
	close $f
	return [expr {([lindex $fields 0] + [lindex $fields 1]) / 100.0}]
}

# A server in a folder of its own, when it answers: {pid port dir}.
proc server_start {command port} {
	set dir [exec mktemp -d]
	set pid [exec {*}$command --port $port --bind 127.0.0.1 --dir $dir --save "" > $dir/out &]
	for {set i 0} {[catch {exec redis-cli -p $port ping}]} {incr i} {
		if {$i == 100} {
			error "$command: no answer"
		}
		after 50
	}
	return [list $pid $port $dir]
}

proc server_kill {running} {
	lassign $running pid port dir
	exec kill -9 $pid
	file delete -force $dir
}
