#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# New flows a second: each packet a new flow on one lcore against 5tswap, which knows no flows; the
# same over memif; and whole TCP connections (handshake and FINs, no data) against testpmd io.
# Usage: newflows.sh [BUILD-FOLDER]; ROUNDS=5
. "$(dirname "$0")/common.sh"

machine
echo "one lcore, each packet a new flow, medians of $rounds runs"
for _ in $(seq "$rounds"); do
	time_for 100 || break
	"$bench" lcore --new-flows --cpus "${worker_cpu:-$generator_cpu}" --json \
		>"$tmp/run.json" 2>"$tmp/bench.log" || { tail -5 "$tmp/bench.log" >&2; break; }
	jq -r '.weir.best_mpps' "$tmp/run.json" >>"$tmp/best"
	jq -r '.weir.median_mpps' "$tmp/run.json" >>"$tmp/median"
	jq -r '.weir_to_5tswap.median' "$tmp/run.json" >>"$tmp/ratio"
done
echo "million new flows a second, best block: $(spread "$tmp/best")"
echo "million new flows a second, median block: $(spread "$tmp/median")"
echo "weir/5tswap, median block: $(spread "$tmp/ratio")"
jq -c '{stage_cycles, flows_created, drops}' "$tmp/run.json"

[ "$worker_cpu" ] || { echo "memif: needs two cores"; exit 0; }
[ -x "$weir" ] || { echo "memif: no $weir"; exit 0; }
pingpong
connections=4000000
write_weir "{ name: a, device: \"vdev:$(memif server 0)\" }" "{ name: b, device: \"vdev:$(memif server 1)\" }"
for _ in $(seq "$rounds"); do
	time_for 20 || break
	# The table of weir holds what a second brings at most.
	round 5tswap "$tmp/udp.5tswap" .median_pps --mode newflows --seconds 800ms
	round weir "$tmp/udp.weir" .median_pps --mode newflows --seconds 800ms
	round io "$tmp/tcp.io" '.tcp.opened / .seconds' --mode tcp --segments 0 --flows 1000 --seconds 800ms
	round weir "$tmp/tcp.weir" '.tcp.opened / .seconds' --mode tcp --segments 0 --flows 1000 --seconds 800ms
done
pingpong
for file in udp.5tswap udp.weir tcp.io tcp.weir; do
	echo "memif $file (a second) $(spread "$tmp/$file")"
done
echo "memif UDP, each packet a new flow: weir/5tswap $(ratio "$(median <"$tmp/udp.weir")" "$(median <"$tmp/udp.5tswap")")"
echo "memif TCP connections: weir/io $(ratio "$(median <"$tmp/tcp.weir")" "$(median <"$tmp/tcp.io")")"
