# SPDX-License-Identifier: BSD-3-Clause
#
# What a server says of its commands, as one line of text each, so that two servers can be compared:
#
#   proc command_facts {client}   a dictionary: full name -> list of fact, text ...
#
# Facts: arity, flags, range, categories, keys (key specs), notes (of the specs), since, group,
# args, doc_flags, complexity. Prose (summaries, histories) is not compared; a complexity only where
# the golden file has one: the others say what ours take.
#
# command.golden holds these facts for Redis 7.2, out of its published command reference; the
# ranges, which that does not have, are those of redis-server 7.0.15. The facts of a running server:
#
#   tclsh tests/spec/server/command_facts.tcl PORT

proc facts_flags {flags} {
	return [join [lsort $flags] ,]
}

# {type T spec {name value ...}}
proc facts_place {place} {
	set spec [dict get $place spec]
	set values {}
	foreach {name value} $spec {
		lappend values $name=$value
	}
	return [dict get $place type]([join $values ,])
}

proc facts_keys {specs} {
	set out {}
	foreach spec $specs {
		lappend out "[facts_flags [dict get $spec flags]] [facts_place [dict get $spec \
			begin_search]] [facts_place [dict get $spec find_keys]]"
	}
	return [join $out "; "]
}

proc facts_notes {specs} {
	set notes [lmap spec $specs {
		expr {[dict exists $spec notes] ? [dict get $spec notes] : ""}
	}]
	return [expr {[join $notes ""] eq "" ? "" : [join $notes |]}]
}

proc facts_args {arguments} {
	set out {}
	foreach arg $arguments {
		set text "[dict get $arg name]:[dict get $arg type]"
		foreach field {token key_spec_index since deprecated_since display_text} {
			if {![dict exists $arg $field]} {
				continue
			}
			# 7.0 has no display text, 7.2 always one.
			set value [dict get $arg $field]
			if {$field ne "display_text" || $value ne [dict get $arg name]} {
				append text " $field=[dict get $arg $field]"
			}
		}
		if {[dict exists $arg flags]} {
			append text " [facts_flags [dict get $arg flags]]"
		}
		if {[dict exists $arg arguments]} {
			append text " [facts_args [dict get $arg arguments]]"
		}
		lappend out "{$text}"
	}
	return [join $out " "]
}

proc facts_add_info {all info} {
	upvar $all facts
	lassign $info name arity flags first last step categories tips specs subcommands
	dict set facts $name [list arity $arity flags [facts_flags $flags] \
		range "$first $last $step" categories [facts_flags $categories] \
		keys [facts_keys $specs] notes [facts_notes $specs]]
	foreach sub $subcommands {
		facts_add_info facts $sub
	}
}

proc facts_add_docs {all name docs} {
	upvar $all facts
	foreach field {arguments doc_flags complexity} {
		set $field [expr {[dict exists $docs $field] ? [dict get $docs $field] : ""}]
	}
	dict lappend facts $name since [dict get $docs since] group [dict get $docs group] args \
		[facts_args $arguments] doc_flags [facts_flags $doc_flags] complexity $complexity
	if {[dict exists $docs subcommands]} {
		foreach {sub its} [dict get $docs subcommands] {
			facts_add_docs facts $sub $its
		}
	}
}

proc command_facts {client} {
	set facts [dict create]
	foreach info [$client command] {
		facts_add_info facts $info
	}
	foreach {name docs} [$client command docs] {
		facts_add_docs facts $name $docs
	}
	return $facts
}

# --- the golden file: "name fact text", one fact a line ------------------------------------------

proc golden_read {path} {
	set golden [dict create]
	set in [open $path]
	fconfigure $in -encoding utf-8
	while {[gets $in line] >= 0} {
		if {![regexp {^(\S+) (\S+) ?(.*)$} $line all name fact text]} {
			continue
		}
		dict lappend golden $name $fact $text
	}
	close $in
	return $golden
}

if {[info script] eq $argv0} {
	source [file join [file dirname [info script]] .. lib resp.tcl]
	set facts [command_facts [resp::open_client 127.0.0.1 [lindex $argv 0]]]
	foreach name [lsort [dict keys $facts]] {
		foreach {fact text} [dict get $facts $name] {
			puts "$name $fact $text"
		}
	}
}
