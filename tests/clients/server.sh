# SPDX-License-Identifier: BSD-3-Clause
#
# For the runners of this folder: counts of what passed, and servers on ports that were free. Sourced
# after $server (the program) and $work (a folder) are set.

passed=0
failed=0
started=0
pids=

ok() {
	passed=$((passed + 1))
}

bad() { # bad WHAT: with the last output
	failed=$((failed + 1))
	echo "FAILED: $1"
	head -n 20 "$work/out" | sed 's/^/    /'
}

# check WHAT PATTERN COMMAND...: exit status 0 and a line like this in the output
check() {
	what=$1
	pattern=$2
	shift 2
	if timeout 60 "$@" >"$work/out" 2>&1 </dev/null && grep -q -e "$pattern" "$work/out" &&
		! grep -q -e '^Error' -e '^(error)' -e '^Could not' "$work/out"; then
		ok
	else
		bad "$what"
	fi
}

# start NAME [ARGUMENT...]: sets $port and $pid. Tries a few ports: another process may take one
# between choice and use.
start() {
	name=$1
	shift
	for try in 1 2 3 4 5; do
		started=$((started + 1))
		port=$(awk -v seed="$$$started" 'BEGIN { srand(seed); print 20000 + int(rand() * 10000) }')
		mkdir -p "$work/$name"
		: >"$work/$name/log"
		"$server" --port "$port" --bind 127.0.0.1 --unixsocket "$work/$name/socket" \
			--dir "$work/$name" --save '' --daemonize no "$@" >"$work/$name/log" 2>&1 &
		pid=$!
		for wait in $(seq 200); do
			if redis-cli -p "$port" ping >"$work/out" 2>&1 && grep -q PONG "$work/out" &&
				kill -0 "$pid" 2>/dev/null; then
				pids="$pids $pid"
				return 0
			fi
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		kill -9 "$pid" 2>/dev/null || true
	done
	cp "$work/$name/log" "$work/out"
	bad "the server does not start: $server $*"
	echo "clients: 0 passed, 1 failed"
	exit 1
}

# stop NAME PID PORT: the server must end cleanly, without a sanitizer's report.
stop() {
	redis-cli -p "$3" shutdown nosave >/dev/null 2>&1 || true
	status=0
	wait "$2" || status=$?
	cp "$work/$1/log" "$work/out"
	if [ $status != 0 ] || grep -q -e 'ERROR: [A-Za-z]*Sanitizer' -e 'runtime error:' "$work/out"; then
		grep -e Sanitizer -e 'runtime error:' "$work/$1/log" >"$work/out" || true
		bad "the server ended with status $status"
	else
		ok
	fi
}

finish() {
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
