# SPDX-License-Identifier: BSD-3-Clause
#
# Runs spec files against a server and counts. Each file runs in a process of its own with a fresh
# server, so that one cannot disturb another, and with a time limit.
#
#   tclsh tests/spec/run.tcl ?option ...? ?FILE.test ...?
#     --server PATH        the program (default $SERVER, else src/ringlet-server)
#     --oracle ?PATH?      the same files against redis-server; what only we have is skipped
#     --io-backend NAME    passed to the server
#     --args "WORDS"       further words of the server's command line
#     --only GLOB          only tests whose name matches
#     --seconds N          limit for a file (180)         --jobs N   files at a time (1)
#     --tmp DIR            for data and logs (build/spec); a failed file's folder is kept
#     --verbose
#
# The last line is "spec: N passed, N failed, N skipped"; the exit status 1 if anything failed.
#
# Inside the runner's child: this file again, with --child FILE.

set here [file dirname [file normalize [info script]]]
set root [file dirname [file dirname $here]]

array set option [list server [file join $root src ringlet-server] oracle 0 io-backend "" args "" \
	only * seconds 180 jobs 1 tmp [file join $root build spec] verbose 0 child ""]
if {[info exists env(SERVER)] && $env(SERVER) ne ""} {
	set option(server) $env(SERVER)
}

proc usage {why} {
	puts stderr "run.tcl: $why (the head of the file explains the options)"
	exit 2
}

proc parse_arguments {words} {
	global option
	set files {}
	while {[llength $words] > 0} {
		set words [lassign $words word]
		set name [string range $word 2 end]
		switch -glob -- $word {
			--verbose {set option(verbose) 1}
			--oracle {
				set option(oracle) 1
				set option(server) redis-server
				if {[llength $words] > 0 && [file executable [lindex $words 0]]} {
					set words [lassign $words option(server)]
				}
			}
			--* {
				if {![info exists option($name)] || [llength $words] == 0} {
					usage "what is $word?"
				}
				set words [lassign $words option($name)]
			}
			default {lappend files $word}
		}
	}
	return $files
}

# ---- the child: one file ----

proc has_ipv6 {} {
	if {[catch {socket -server {apply {args {}}} -myaddr ::1 0} fd]} {
		return 0
	}
	close $fd
	return 1
}

proc set_constraints {} {
	global option
	set is_oracle $option(oracle)
	::tcltest::testConstraint oracle $is_oracle
	::tcltest::testConstraint ringlet [expr {!$is_oracle}]
	::tcltest::testConstraint asan [expr {[string match *asan* $option(server)]}]
	::tcltest::testConstraint ipv6 [has_ipv6]
	foreach name {auto io_uring io_uring-proactor epoll poll select} {
		::tcltest::testConstraint backend-$name \
			[expr {!$is_oracle && $option(io-backend) eq $name}]
	}
}

# Says which test runs, so that the parent can name it when the time is over.
proc announce_tests {} {
	rename ::tcltest::test ::tcltest::test_unannounced
	proc ::tcltest::test {name args} {
		puts "@running $name"
		flush stdout
		uplevel 1 [list ::tcltest::test_unannounced $name {*}$args]
	}
}

proc run_child {file} {
	global option here env
	package require tcltest 2.3
	::tcltest::configure -verbose {body error} -match $option(only)
	foreach name {resp server spec values} {
		uplevel #0 [list source [file join $here lib $name.tcl]]
	}
	set server::program $option(server)
	set server::tmp $option(tmp)
	set server::base_arguments $option(args)
	if {!$option(oracle) && $option(io-backend) ne ""} {
		lappend server::base_arguments --io-backend $option(io-backend)
	}
	set_constraints
	announce_tests
	namespace import ::tcltest::test ::tcltest::testConstraint
	set seed [expr {[info exists env(SEED)] ? $env(SEED) : [clock microseconds] % 1000000007}]
	expr {srand($seed)}
	set broken 0
	if {[catch {
		server::push {}
		uplevel #0 [list source $file]
	} why problem]} {
		puts "==== $file stopped: [dict get $problem -errorinfo]"
		incr broken
	}
	while {[llength $server::stack] > 0} {
		if {[catch {server::pop} why]} {
			puts "==== stopping: $why"
			set server::stack [lrange $server::stack 0 end-1]
			incr broken
		}
	}
	foreach complaint $server::complaints {
		puts "==== $complaint"
		incr broken
	}
	upvar #0 ::tcltest::numTests count
	if {$count(Failed) + $broken > 0} {
		puts "==== SEED=$seed"
	}
	puts "@counts $count(Passed) [expr {$count(Failed) + $broken}] $count(Skipped)"
	exit 0
}

# ---- the parent: all files ----

proc child_words {file tmp} {
	global option
	set words [list [info nameofexecutable] [file normalize [info script]] --child $file \
		--tmp $tmp]
	if {$option(oracle)} {
		lappend words --oracle
	}
	foreach name {server io-backend args only} {
		lappend words --$name $option($name)
	}
	return $words
}

proc start_file {file} {
	global option state running
	set tmp [file join $option(tmp) [pid]-[file rootname [file tail $file]]-[incr ::started]]
	file mkdir $tmp
	set pipe [open |[concat [child_words $file $tmp] [list 2>@1]] r]
	fconfigure $pipe -blocking 0 -encoding utf-8
	set state($pipe) [dict create file $file tmp $tmp text "" current "" counts "" \
		began [clock milliseconds] timer [after [expr {$option(seconds) * 1000}] \
			[list time_is_over $pipe]]]
	fileevent $pipe readable [list read_child $pipe]
	incr running
}

proc read_child {pipe} {
	global state
	while {[gets $pipe line] >= 0} {
		if {[string match "@running *" $line]} {
			dict set state($pipe) current [string range $line 9 end]
		} elseif {[string match "@counts *" $line]} {
			dict set state($pipe) counts [lrange $line 1 end]
		} else {
			dict append state($pipe) text $line\n
		}
	}
	if {[eof $pipe]} {
		finish_file $pipe
	}
}

# The shell's own kill: a small system has no program of that name.
proc kill_processes {pids} {
	exec sh -c "kill -9 $pids"
}

proc time_is_over {pipe} {
	global state option
	dict append state($pipe) text "==== not done after $option(seconds) s, in test\
		[dict get $state($pipe) current]\n"
	catch {kill_processes [pid $pipe]}
}

# A child that was stopped leaves its servers behind.
proc kill_servers {tmp} {
	if {[catch {open $tmp/pids r} in]} {
		return
	}
	foreach pid [read $in] {
		if {![catch {file readlink /proc/$pid/cwd} cwd] && [string first $tmp $cwd] == 0} {
			catch {kill_processes $pid}
		}
	}
	close $in
}

proc finish_file {pipe} {
	global state running total option done
	set s $state($pipe)
	after cancel [dict get $s timer]
	catch {close $pipe}
	unset state($pipe)
	set counts [dict get $s counts]
	if {$counts eq ""} {
		kill_servers [dict get $s tmp]
		dict append s text "==== ended in test [dict get $s current]\n"
		set counts {0 1 0}
	}
	if {[tcl::mathop::+ {*}$counts] == 0 && $option(only) eq "*"} {
		dict append s text "==== holds no test\n"
		set counts {0 1 0}
	}
	lassign $counts passed failed skipped
	incr total(passed) $passed
	incr total(failed) $failed
	incr total(skipped) $skipped
	if {$failed > 0 || $option(verbose)} {
		puts "[dict get $s file]: $passed passed, $failed failed, $skipped skipped\
			([expr {[clock milliseconds] - [dict get $s began]}] ms)"
		puts -nonewline [dict get $s text]
	}
	if {$failed > 0} {
		puts "==== data and logs: [dict get $s tmp]"
	} else {
		file delete -force [dict get $s tmp]
	}
	incr running -1
	incr done
}

proc run_all {files} {
	global option running total done
	array set total {passed 0 failed 0 skipped 0}
	set running 0
	set done 0
	foreach file $files {
		while {$running >= $option(jobs)} {
			vwait done
		}
		start_file $file
	}
	while {$running > 0} {
		vwait done
	}
	set what spec
	if {$option(oracle)} {
		append what " (oracle)"
	} elseif {$option(io-backend) ne ""} {
		append what " ($option(io-backend))"
	}
	puts "$what: $total(passed) passed, $total(failed) failed, $total(skipped) skipped"
	exit [expr {$total(failed) > 0}]
}

set files [parse_arguments $argv]
if {$option(child) ne ""} {
	run_child $option(child)
}
set option(server) [expr {[string first / $option(server)] < 0 ? $option(server) \
	: [file normalize $option(server)]}]
set option(tmp) [file normalize $option(tmp)]
if {[llength $files] == 0} {
	set files [lsort [glob -nocomplain -directory $here */*.test]]
}
run_all [lmap file $files {file normalize $file}]
