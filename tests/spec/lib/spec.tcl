# SPDX-License-Identifier: BSD-3-Clause
#
# The words a spec file is written in, on top of tcltest's `test`:
#
#   r CMD ARG...             a command to the current server, plain reply, errors raised
#   rt CMD ARG...            the same, reply with its type
#   client ?-resp 3?         another connection to it (see resp.tcl)
#   with_server {name value ...} body     another server with these parameters, for the body
#   restart ?name value ...? stop and start again in the same folder, parameters added
#   crash                    kill -9, then start again in the same folder
#   assert EXPR              assert_equal WANTED GOT      assert_match PATTERN GOT
#   assert_error PATTERN BODY              the body must raise an error like this
#   assert_between LOW HIGH GOT            wait_for MS EXPR     poll until true
#   info_field FIELD ?section?             one value of INFO, "" if absent
#   server_port, server_pid, server_dir, server_log
#   random_bytes N           random_below N                seeded: SEED=... repeats a run
#   cli ARG...               redis-cli against the current server, its output
#
# Constraints: ringlet (not the oracle), oracle, backend-NAME, asan, ipv6.

proc r {args} {
	return [[server::client] {*}$args]
}

proc rt {args} {
	return [[server::client] @typed {*}$args]
}

proc client {args} {
	set resp 2
	foreach {option value} $args {
		switch -- $option {
			-resp {set resp $value}
			default {error "client ?-resp 2|3?"}
		}
	}
	set c [resp::open_client 127.0.0.1 [server_port]]
	if {$resp != 2} {
		$c hello $resp
	}
	return $c
}

proc server_port {} {return [dict get [server::top] port]}
proc server_pid {} {return [dict get [server::top] pid]}
proc server_dir {} {return [dict get [server::top] dir]}
proc server_log {} {return [server::log_of [server::top]]}

proc with_server {pairs body} {
	server::push $pairs
	set code [catch {uplevel 1 $body} result options]
	server::pop
	return -options $options $result
}

proc restart {args} {
	server::halt
	set s [server::top]
	dict set s pairs [concat [dict get $s pairs] $args]
	server::replace_top [server::launch $s]
	return
}

proc crash {} {
	server::halt 9
	server::replace_top [server::launch [server::top]]
	return
}

proc assert {condition} {
	if {![uplevel 1 [list expr $condition]]} {
		return -code error "not true: $condition"
	}
	return
}

proc assert_equal {wanted got} {
	if {$wanted ne $got} {
		return -code error "wanted '$wanted', got '$got'"
	}
	return
}

proc assert_match {pattern got} {
	if {![string match $pattern $got]} {
		return -code error "wanted something like '$pattern', got '$got'"
	}
	return
}

proc assert_between {low high got} {
	if {!($got >= $low && $got <= $high)} {
		return -code error "wanted $low to $high, got $got"
	}
	return
}

proc assert_error {pattern body} {
	if {![catch {uplevel 1 $body} got]} {
		return -code error "wanted an error like '$pattern', got the reply '$got'"
	}
	if {![string match $pattern $got]} {
		return -code error "wanted an error like '$pattern', got '$got'"
	}
	return
}

proc wait_for {ms condition} {
	set deadline [expr {[clock milliseconds] + $ms}]
	while {![uplevel 1 [list expr $condition]]} {
		if {[clock milliseconds] > $deadline} {
			return -code error "not true within $ms ms: $condition"
		}
		after 10
	}
	return
}

proc info_field {field {section everything}} {
	if {[regexp -line "^$field:(.*?)\r?\$" [r info $section] all value]} {
		return $value
	}
	return ""
}

proc random_below {limit} {
	return [expr {int(rand() * $limit)}]
}

proc random_bytes {count} {
	set out {}
	for {set i 0} {$i < $count} {incr i} {
		lappend out [random_below 256]
	}
	return [binary format c* $out]
}

proc cli {args} {
	return [exec redis-cli -p [server_port] {*}$args 2>@1]
}
