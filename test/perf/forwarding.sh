#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Forwarding with policy against dpdk-testpmd's io and 5tswap: on one lcore (ring and null ports, by
# frame size and flows), and over memif with a core for the generator and one for who forwards.
# Usage: forwarding.sh [BUILD-FOLDER]; ROUNDS=5
. "$(dirname "$0")/common.sh"

# lcore_row PORTS SIZE FLOWS CHECKSUM: medians of $rounds runs, each of 400 blocks
lcore_row() {
	rm -f "$tmp"/row.*
	for _ in $(seq "$rounds"); do
		time_for 90 || break
		"$bench" lcore --ports "$1" --size "$2" --flows "$3" --checksum "$4" --cpus "$worker_or_only" --json \
			>"$tmp/run.json" 2>"$tmp/bench.log" || { tail -5 "$tmp/bench.log" >&2; break; }
		jq -r '.io.best_mpps' "$tmp/run.json" >>"$tmp/row.io"
		jq -r '."5tswap".best_mpps' "$tmp/run.json" >>"$tmp/row.swap"
		jq -r '.weir.best_mpps' "$tmp/run.json" >>"$tmp/row.weir"
		jq -r '.weir.worker_cycles.best' "$tmp/run.json" >>"$tmp/row.cycles"
		jq -r '.weir_to_5tswap.best' "$tmp/run.json" >>"$tmp/row.best"
		jq -r '.weir_to_5tswap.median' "$tmp/run.json" >>"$tmp/row.median"
	done
	[ -s "$tmp/row.best" ] || { printf '%-5s %5s %8s %8s   no time left\n' "$@"; return; }
	printf '%-5s %5s %8s %8s %8.1f %8.1f %8.1f %8.1f   %s; median blocks %s\n' "$@" \
		"$(median <"$tmp/row.io")" "$(median <"$tmp/row.swap")" "$(median <"$tmp/row.weir")" \
		"$(median <"$tmp/row.cycles")" "$(spread "$tmp/row.best")" "$(median <"$tmp/row.median")"
}

worker_or_only=${worker_cpu:-$generator_cpu}
machine
echo "one lcore, best block of 400, medians of $rounds runs (Mpps; cycles a packet; weir/5tswap)"
printf '%-5s %5s %8s %8s %8s %8s %8s %8s   %s\n' ports size flows checksum io 5tswap weir cycles weir/5tswap
# Checksums as behind a NIC that judges them, and in software as behind AF_XDP or memif.
lcore_row ring 64 1 device
lcore_row ring 64 100k device
lcore_row ring 64 1m device
lcore_row ring 64 1m verify
lcore_row ring 1518 1000 device
lcore_row ring 1518 1000 verify
lcore_row null 64 1 ignore
lcore_row null 1518 1 ignore
echo "weir's cycles a packet by stage, one run with 1 M flows: $(
	"$bench" lcore --flows 1m --checksum device --cpus "$worker_or_only" --json 2>/dev/null |
		jq -c .stage_cycles)"

[ "$worker_cpu" ] || { echo "memif: needs two cores"; exit 0; }
[ -x "$weir" ] || { echo "memif: no $weir"; exit 0; }
echo "memif, 64 bytes, 1000 flows, median of 100 ms intervals (Mpps), in turns"
pingpong
write_weir "{ name: a, device: \"vdev:$(memif server 0)\" }" "{ name: b, device: \"vdev:$(memif server 1)\" }"
for _ in $(seq "$rounds"); do
	time_for 15 || break
	for who in io 5tswap weir; do
		round "$who" "$tmp/memif.$who" .median_pps --flows 1000 --seconds 1
	done
done
pingpong
for who in io 5tswap weir; do
	[ -s "$tmp/memif.$who" ] || continue
	awk '{ printf "%.4f\n", $1 / 1e6 }' "$tmp/memif.$who" >"$tmp/memif.mpps"
	echo "$who $(spread "$tmp/memif.mpps")"
done
for who in io 5tswap; do
	echo "weir/$who $(ratio "$(median <"$tmp/memif.weir")" "$(median <"$tmp/memif.$who")")"
done
