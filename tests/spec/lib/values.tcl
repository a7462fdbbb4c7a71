# SPDX-License-Identifier: BSD-3-Clause
#
# Values of every type and encoding, for files that go to Redis or come from it, and what has to be
# the same on both sides.

# Every type, small and large, and a stream with groups, for us and for Redis.
proc fill_encodings {c} {
	foreach {name count} {few 3 many 1500} {
		set numbers [lmap i [lrepeat $count x] {incr n}]
		$c rpush list-$name {*}$numbers
		$c sadd ints-$name {*}$numbers
		$c sadd words-$name {*}[lmap i $numbers {string cat word- $i}]
		$c hset hash-$name {*}[concat {*}[lmap i $numbers {list field-$i $i}]]
		$c zadd scores-$name {*}[concat {*}[lmap i $numbers {list [expr {$i / 4.0}] m-$i}]]
		foreach i $numbers {
			$c xadd stream-$name $i-1 field value:$i
		}
		$c xgroup create stream-$name readers 0
		$c xgroup createconsumer stream-$name readers idle
		$c xreadgroup group readers a count [expr {$count / 2}] streams stream-$name >
		$c xreadgroup group readers b count 1 streams stream-$name >
		$c xdel stream-$name [lindex $numbers end]-1
		$c pexpireat hash-$name 4102444800123
	}
	$c set long [string repeat long 30000]
	$c xadd stream-empty maxlen 0 * a b
}

# What its groups say of a stream, times of consumers left out.
proc stream_groups {c key} {
	set full [$c xinfo stream $key full count 0]
	set out [list [dict get $full length] [dict get $full last-generated-id] \
		[dict get $full max-deleted-entry-id] [dict get $full entries-added]]
	foreach group [dict get $full groups] {
		foreach field {name last-delivered-id entries-read pending} {
			lappend out [dict get $group $field]
		}
		foreach consumer [dict get $group consumers] {
			lappend out [dict get $consumer name] [dict get $consumer pending]
		}
	}
	return $out
}

# What has to be the same on both sides.
proc state_of {c} {
	return [list [$c debug digest] [stream_groups $c stream-few] [stream_groups $c stream-many]]
}
