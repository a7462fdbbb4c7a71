# SPDX-License-Identifier: BSD-3-Clause
#
# Servers under test: each has a port, a folder of its own and a log in it. They form a stack: the
# default server of a spec file is at the bottom, `with_server` puts another one on top for the time
# of its body, and `r` talks to the top. Stopping asks politely, then insists; how a server ended
# (exit status, sanitizer reports) is checked and counts as a failed test of the file.

namespace eval server {
	variable program redis-server
	variable base_arguments {}  ;# for every server: the back end and what the command line says
	variable tmp /tmp
	variable serial 0
	variable stack {}
	variable complaints {}
	variable start_seconds 20
	variable stop_seconds 20
}

proc server::free_port {} {
	return [resp::free_port]
}

# Words of a command line from name value pairs; a name without dashes gets them.
proc server::words {pairs} {
	set words {}
	foreach {name value} $pairs {
		lappend words "--$name" {*}[expr {$name in {save bind} ? [list $value] : $value}]
	}
	return $words
}

proc server::new {pairs} {
	variable tmp
	variable serial
	set dir $tmp/server[incr serial]
	file mkdir $dir
	return [dict create dir $dir port [free_port] pairs $pairs client {} pipe {} pid 0]
}

# Starts the process and waits until it answers.
proc server::launch {s} {
	variable program
	variable base_arguments
	dict with s {
		set words [words [list port $port bind 127.0.0.1 dir $dir save "" \
			enable-debug-command yes daemonize no]]
		lappend words {*}$base_arguments {*}[words $pairs]
		set pipe [::open |[list $program {*}$words >>$dir/log 2>>$dir/stderr] w]
		set pid [lindex [::pid $pipe] 0]
	}
	note_pid $pid
	if {![await_answer $s]} {
		set log [log_of $s]
		end_process $s 9
		error "the server did not start: $program $words\n[string range $log end-2000 end]"
	}
	return $s
}

# The runner kills what is listed here should this process be stopped.
proc server::note_pid {pid} {
	variable tmp
	set out [::open $tmp/pids a]
	puts $out $pid
	close $out
}

proc server::await_answer {s} {
	variable start_seconds
	set deadline [expr {[clock milliseconds] + $start_seconds * 1000}]
	while {[clock milliseconds] < $deadline} {
		if {![file exists /proc/[dict get $s pid]/stat]} {return 0}
		if {![catch {socket 127.0.0.1 [dict get $s port]} fd]} {
			fconfigure $fd -translation binary
			# Any answer will do: -NOAUTH and -LOADING are answers too.
			set got -1
			catch {
				puts -nonewline $fd "PING\r\n"
				flush $fd
				set got [gets $fd line]
			}
			catch {close $fd}
			# An echo is none: then the connection is one with itself.
			if {$got > 0 && $line ne "PING" && ![string match "-LOADING*" $line]} {
				return 1
			}
		}
		after 10
	}
	return 0
}

proc server::log_of {s} {
	set text ""
	foreach name {log stderr} {
		if {![catch {::open [dict get $s dir]/$name r} in]} {
			append text [read $in]
			close $in
		}
	}
	return $text
}

proc server::complain {text} {
	variable complaints
	lappend complaints $text
}

# The shell's own kill: a small system has no program of that name.
proc server::kill_process {signal pid} {
	exec sh -c "kill -$signal $pid"
}

# Waits for the process; kills it when it does not go. Returns how it ended: {} is a clean exit.
proc server::end_process {s signal} {
	variable stop_seconds
	set pid [dict get $s pid]
	if {$signal ne ""} {
		catch {kill_process $signal $pid}
	}
	set deadline [expr {[clock milliseconds] + $stop_seconds * 1000}]
	set state R
	while {[clock milliseconds] < $deadline} {
		if {[catch {exec cat /proc/$pid/stat 2>/dev/null} stat]} {break}
		set state [lindex [string range $stat [string last ")" $stat]+2 end] 0]
		if {$state eq "Z"} {break}
		after 5
	}
	set how {}
	if {$state ni {Z R} && [file exists /proc/$pid]} {
		catch {kill_process 9 $pid}
		lappend how "did not end within $stop_seconds s"
	}
	if {[catch {close [dict get $s pipe]} why options]} {
		set code [dict get $options -errorcode]
		switch -- [lindex $code 0] {
			CHILDSTATUS {lappend how "exit status [lindex $code 2]"}
			CHILDKILLED {lappend how "killed by [lindex $code 2]"}
		}
	}
	return $how
}

proc server::check_log {s} {
	set text [log_of $s]
	if {[regexp -line {^.*(ERROR: (Address|Leak)Sanitizer|runtime error:).*$} $text report]} {
		complain "$report (see [dict get $s dir])"
	}
}

proc server::drop_client {s} {
	if {[dict get $s client] ne ""} {
		catch {[dict get $s client] @close}
	}
	dict set s client {}
	return $s
}

# ---- the stack: what specs use ----

proc server::push {pairs} {
	variable stack
	lappend stack [launch [new $pairs]]
	return
}

proc server::top {} {
	variable stack
	if {[llength $stack] == 0} {
		error "no server is running"
	}
	return [lindex $stack end]
}

proc server::replace_top {s} {
	variable stack
	lset stack end $s
}

# Stops the server on top. -signal 9: a crash on purpose, which is not held against it.
proc server::halt {{signal ""}} {
	set s [drop_client [top]]
	if {$signal eq ""} {
		if {[catch {
			set c [resp::open_client 127.0.0.1 [dict get $s port]]
			$c @send SHUTDOWN NOSAVE
			$c @closed 5000
			$c @close
		}]} {
			set signal TERM
		}
		set how [end_process $s $signal]
		# A server with a password refuses the command: insist.
		if {[string match "did not end*" [lindex $how 0]]} {
			complain "SHUTDOWN: [join $how {, }] (see [dict get $s dir])"
		} elseif {[llength $how] > 0} {
			complain "the server ended with [join $how {, }] (see [dict get $s dir])"
		}
	} else {
		set how [end_process $s $signal]
		if {$signal in {TERM INT 15 2} && [llength $how] > 0} {
			complain "the server ended with [join $how {, }] (see [dict get $s dir])"
		}
	}
	check_log $s
	replace_top $s
	return $how
}

proc server::pop {} {
	variable stack
	halt
	set stack [lrange $stack 0 end-1]
	return
}

proc server::client {} {
	set s [top]
	if {[dict get $s client] eq ""} {
		dict set s client [resp::open_client 127.0.0.1 [dict get $s port]]
		replace_top $s
	}
	return [dict get $s client]
}
