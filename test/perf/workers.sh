#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Two workers against one: each has its own source, ports, flows and sink on its own core, so what is
# missing to 2 is what workers share (memory, caches, and the host's other guests). 5tswap, which
# shares nothing at all, stands beside it.
# Usage: workers.sh [BUILD-FOLDER]; ROUNDS=5
. "$(dirname "$0")/common.sh"

# lcore CPUS FILE
lcore() {
	"$bench" lcore --flows "$flows" --cpus "$1" --blocks 800 --json >"$tmp/$2.json" \
		2>"$tmp/bench.log" && return 0
	tail -5 "$tmp/bench.log" >&2
	return 1
}

machine
[ "$worker_cpu" ] || fail "needs two cores"
pingpong
for flows in 1000 100k; do
	rm -f "$tmp"/two.*
	for _ in $(seq "$rounds"); do
		time_for 20 || break
		if ! lcore "$worker_cpu" one || ! lcore "$generator_cpu,$worker_cpu" two; then break; fi
		for who in 5tswap weir; do
			for what in best median; do
				ratio "$(jq ".\"$who\".${what}_mpps" "$tmp/two.json")" \
					"$(jq ".\"$who\".${what}_mpps" "$tmp/one.json")" >>"$tmp/two.$who.$what"
			done
		done
	done
	for who in 5tswap weir; do
		for what in best median; do
			echo "$flows flows a worker, $who, two workers / one, $what block: $(spread "$tmp/two.$who.$what")"
		done
	done
done
pingpong
