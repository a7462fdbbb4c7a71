# SPDX-License-Identifier: BSD-3-Clause
#
# A client of the protocol, in Tcl: RESP2 and RESP3, binary safe, blocking. `client` opens a
# connection and returns a command: `$c set key value` sends and returns the plain reply. Words that
# begin with @ are the client's own:
#
#   $c @send GET k      send, do not wait          $c @read     the next reply, plain
#   $c @typed GET k     reply with its type        $c @next     the next reply with its type
#   $c @raw BYTES       send bytes as they are     $c @bytes N  exactly N bytes
#   $c @line            one line without CR LF     $c @flood N  discard N replies
#   $c @push            next push message (RESP3); those that came between replies are kept for it
#   $c @quiet MS        nothing arrives for so long?      $c @closed MS  does the server close?
#   $c @close           $c @fd
#
# Plain: strings as they are, null as "", arrays and sets as lists, maps as key value lists, an
# error raises its text (inside an array: its text is the element). Typed: {bulk x} {simple x}
# {error x} {int 1} {null {}} {array {{bulk x} ...}} {map {{bulk k} {int 1} ...}} {set ...}
# {push ...} {double 1.5} {bool 1} {bignum 1} {verbatim {txt x}} {attributed {{map ...} reply}}.

namespace eval resp {
	variable serial 0
	variable pushes  ;# messages that came between replies, by channel
	variable ahead   ;# what was read to see whether anything comes (at most a byte), by channel
	array set pushes {}
	array set ahead {}
}

# A port nobody listens on, below those that the kernel gives to who connects: a client that tries
# one of those before its server is there can be given the very same, and is connected to itself.
proc resp::free_port {} {
	variable ports_tried
	while 1 {
		set draw [expr {[pid] * 7919 + [incr ports_tried] * 13 + [clock clicks]}]
		set port [expr {10000 + $draw % 22000}]
		if {![catch {socket -server list -myaddr 127.0.0.1 $port} listener]} {
			close $listener
			return $port
		}
	}
}

proc resp::open_client {host port} {
	variable serial
	variable pushes
	variable ahead
	set fd [socket $host $port]
	fconfigure $fd -translation binary -encoding binary -buffering full -buffersize 65536
	set name ::client[incr serial]
	set pushes($fd) {}
	set ahead($fd) ""
	interp alias {} $name {} resp::command $name $fd
	return $name
}

# The bytes of a request; characters beyond a byte are sent as UTF-8.
proc resp::encode {words} {
	set out "*[llength $words]\r\n"
	foreach word $words {
		if {[regexp {[^\u0000-\u00ff]} $word]} {
			set word [encoding convertto utf-8 $word]
		}
		append out "\$[string length $word]\r\n$word\r\n"
	}
	return $out
}

proc resp::write {fd bytes} {
	if {[catch {
		puts -nonewline $fd $bytes
		flush $fd
	} why]} {
		return -code error -errorcode {REDIS CLOSED} "connection closed: $why"
	}
}

proc resp::take_ahead {fd} {
	variable ahead
	set taken $ahead($fd)
	set ahead($fd) ""
	return $taken
}

proc resp::line {fd} {
	set first [take_ahead $fd]
	if {[catch {gets $fd line} got] || $got < 0} {
		return -code error -errorcode {REDIS CLOSED} "connection closed"
	}
	return [string trimright $first$line "\r"]
}

proc resp::bytes {fd count} {
	set got ""
	if {$count > 0} {
		set got [take_ahead $fd]
	}
	append got [read $fd [expr {$count - [string length $got]}]]
	if {[string length $got] != $count} {
		return -code error -errorcode {REDIS CLOSED} "connection closed inside a reply"
	}
	return $got
}

proc resp::blob {fd length} {
	set got [bytes $fd $length]
	bytes $fd 2
	return $got
}

proc resp::sequence {fd count} {
	set items {}
	for {set i 0} {$i < $count} {incr i} {
		lappend items [typed $fd]
	}
	return $items
}

proc resp::typed {fd} {
	set line [line $fd]
	set rest [string range $line 1 end]
	switch -- [string index $line 0] {
		+ {return [list simple $rest]}
		- {return [list error $rest]}
		: {return [list int $rest]}
		, {return [list double $rest]}
		( {return [list bignum $rest]}
		_ {return {null {}}}
		\# {return [list bool [expr {$rest eq "t"}]]}
		\$ {return [expr {$rest < 0 ? {null {}} : [list bulk [blob $fd $rest]]}]}
		! {return [list error [blob $fd $rest]]}
		= {
			set text [blob $fd $rest]
			return [list verbatim \
				[list [string range $text 0 2] [string range $text 4 end]]]
		}
		* {return [expr {$rest < 0 ? {null {}} : [list array [sequence $fd $rest]]}]}
		~ {return [list set [sequence $fd $rest]]}
		> {return [list push [sequence $fd $rest]]}
		% {return [list map [sequence $fd [expr {$rest * 2}]]]}
		| {
			set attributes [list map [sequence $fd [expr {$rest * 2}]]]
			return [list attributed [list $attributes [typed $fd]]]
		}
	}
	return -code error -errorcode {REDIS PROTOCOL} "not a reply: [string range $line 0 60]"
}

proc resp::plain {typed {nested 0}} {
	lassign $typed type value
	switch -- $type {
		error {
			if {$nested} {return $value}
			return -code error -errorcode [list REDIS [lindex [split $value] 0]] $value
		}
		array - set - push - map {
			set out {}
			foreach item $value {
				lappend out [plain $item 1]
			}
			return $out
		}
		verbatim {return [lindex $value 1]}
		attributed {return [plain [lindex $value 1] $nested]}
	}
	return $value
}

# The next frame that is not a push message; those are kept for @push.
proc resp::reply {fd} {
	variable pushes
	while {1} {
		set typed [typed $fd]
		if {[lindex $typed 0] ne "push"} {
			return $typed
		}
		lappend pushes($fd) $typed
	}
}

proc resp::next_push {fd} {
	variable pushes
	if {[llength $pushes($fd)] > 0} {
		set first [lindex $pushes($fd) 0]
		set pushes($fd) [lrange $pushes($fd) 1 end]
		return [plain $first]
	}
	return [plain [typed $fd]]
}

# What arrives within `ms`: "data", "closed" or "nothing".
proc resp::listen {fd ms} {
	variable heard
	variable ahead
	if {$ahead($fd) ne "" || [chan pending input $fd] > 0} {
		return data
	}
	set heard nothing
	set timer [after $ms {set ::resp::heard nothing}]
	fileevent $fd readable {set ::resp::heard data}
	vwait ::resp::heard
	fileevent $fd readable {}
	after cancel $timer
	if {$heard eq "nothing"} {
		return nothing
	}
	fconfigure $fd -blocking 0
	set failed [catch {read $fd 1} ahead($fd)]
	set ended [expr {$failed || ($ahead($fd) eq "" && [eof $fd])}]
	fconfigure $fd -blocking 1
	if {$ended} {
		set ahead($fd) ""
		return closed
	}
	return data
}

proc resp::wait_closed {fd ms} {
	set deadline [expr {[clock milliseconds] + $ms}]
	while {[clock milliseconds] < $deadline} {
		switch -- [listen $fd [expr {max(1, $deadline - [clock milliseconds])}]] {
			closed {return 1}
			data {
				fconfigure $fd -blocking 0
				take_ahead $fd
				set ended [expr {[catch {read $fd}] || [eof $fd]}]
				fconfigure $fd -blocking 1
				if {$ended} {return 1}
			}
		}
	}
	return 0
}

proc resp::close_client {name fd} {
	variable pushes
	variable ahead
	catch {close $fd}
	unset -nocomplain pushes($fd) ahead($fd)
	interp alias {} $name {}
	return
}

proc resp::command {name fd args} {
	set rest [lrange $args 1 end]
	switch -glob -- [lindex $args 0] {
		@send {return [write $fd [encode $rest]]}
		@read {return [plain [typed $fd]]}
		@next {return [typed $fd]}
		@typed {
			write $fd [encode $rest]
			return [reply $fd]
		}
		@raw {return [write $fd [lindex $rest 0]]}
		@bytes {return [bytes $fd [lindex $rest 0]]}
		@line {return [line $fd]}
		@flood {
			for {set i 0} {$i < [lindex $rest 0]} {incr i} {
				typed $fd
			}
			return
		}
		@push {return [next_push $fd]}
		@quiet {return [expr {[listen $fd [lindex $rest 0]] eq "nothing"}]}
		@closed {return [wait_closed $fd [lindex $rest 0]]}
		@close {return [close_client $name $fd]}
		@fd {return $fd}
		@* {return -code error "no such client word: [lindex $args 0]"}
	}
	write $fd [encode $args]
	return [plain [reply $fd]]
}
