# SPDX-License-Identifier: BSD-3-Clause
# What the scripts of test/perf share; sourced. They print ratios of things measured in one run on
# one machine, in turns, and assert nothing on time. Each ends by itself within three minutes.
#
# shellcheck shell=sh
# Sets: build, bench, weir, tmp, rounds, generator_cpu, worker_cpu. Needs root.
set -eu

[ "${PERF_BOUNDED:-}" ] || PERF_BOUNDED=1 exec timeout -k 5 175 "$0" "$@"

build=${1:-build}
bench=$build/app/weir-bench/weir-bench
weir=$build/app/weir/weir
# shellcheck disable=SC2034
rounds=${ROUNDS:-5}

fail() {
	echo "$0: $*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || fail "needs root"
[ -x "$bench" ] || fail "no $bench; usage: $0 [BUILD-FOLDER]"
command -v jq >/dev/null || fail "needs jq (apt-get install jq)"

tmp=$(mktemp -d)
begun=$(date +%s)
pids=
namespaces=

cpus_allowed=$(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
	while IFS=- read -r from to; do seq "$from" "${to:-$from}"; done)
generator_cpu=$(echo "$cpus_allowed" | sed -n 1p)
worker_cpu=$(echo "$cpus_allowed" | sed -n 2p)

stop() {
	kill "$1" 2>/dev/null || return 0
	for _ in $(seq 50); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

cleanup() {
	trap - EXIT INT TERM
	for pid in $pids; do stop "$pid"; done
	for ns in $namespaces; do ip netns del "$ns" 2>/dev/null || true; done
	rm -rf "$tmp" "/var/run/dpdk/perf$$"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM

# True while `$1` more seconds are there.
time_for() {
	[ $(($(date +%s) - begun + $1)) -lt 165 ]
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { if (NR) printf "%.4g\n", v[int((NR + 1) / 2)]; else print "nan" }'
}

# spread FILE: the median, and the least and the greatest in brackets
spread() {
	sort -g "$1" | awk '{ v[NR] = $1 }
		END { if (NR) printf "%.3f (%.3f to %.3f, n=%d)", v[int((NR + 1) / 2)], v[1], v[NR], NR
		      else printf "none" }'
}

# ratio A B
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.4f\n", a / b; else print "nan" }'
}

machine() {
	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
	huge=$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)
	echo "machine: $model, $(nproc) cores, $(uname -sr), free hugepages: $huge; load $(cut -d' ' -f1 /proc/loadavg)"
	echo "DPDK $(pkg-config --modversion libdpdk 2>/dev/null || dpkg-query -Wf '${Version}' dpdk 2>/dev/null || echo unknown)"
}

# State of the two cores: figures of two cores are to be compared in the same state only.
pingpong() {
	if [ "$worker_cpu" ]; then
		"$bench" pingpong --cpus "$generator_cpu,$worker_cpu" --seconds 500ms
	fi
}

# EAL's memory arguments of testpmd: MiB
eal_memory() {
	free=$(awk '/^HugePages_Free/ { n = $2 } /^Hugepagesize/ { k = $2 } END { print int(n * k / 1024) }' /proc/meminfo)
	if [ "$free" -ge "$1" ]; then echo "-m $1"; else echo "--no-huge -m $1"; fi
}

# start_testpmd MODE VDEV VDEV: forwards between two vdevs on worker_cpu; its pid in $testpmd
start_testpmd() {
	[ -p "$tmp/stdin" ] || mkfifo "$tmp/stdin"
	command -v dpdk-testpmd >/dev/null || fail "needs dpdk-testpmd (apt-get install dpdk)"
	: >"$tmp/testpmd.log"
	# shellcheck disable=SC2046
	${in_netns:-} stdbuf -oL dpdk-testpmd $(eal_memory 192) --no-pci --no-telemetry \
		--file-prefix="perf$$" --lcores="0@$generator_cpu,1@$worker_cpu" \
		--vdev "$2" --vdev "$3" -- \
		--nb-cores=1 --total-num-mbufs=24576 --forward-mode="$1" --auto-start \
		<>"$tmp/stdin" >"$tmp/testpmd.log" 2>&1 &
	testpmd=$!
	pids="$pids $testpmd"
}

# The policy and configuration of weir for the bench's addresses: write_weir PORT PORT (YAML of a port each)
write_weir() {
	mkdir -p "$tmp/policy.d"
	cat >"$tmp/policy.d/bench.yaml" <<-POLICY
	kind: Group
	metadata: { name: clients }
	spec: { cidrs: [10.1.0.0/16, "2001:db8:1::/48"] }
	---
	kind: Group
	metadata: { name: servers }
	spec: { cidrs: [10.2.0.0/16, "2001:db8:2::/48"] }
	---
	kind: AccessPolicy
	metadata: { name: bench }
	spec: { from: [clients], to: [servers], protocol: any, action: allow }
	POLICY
	cat >"$tmp/weir.yaml" <<-CONFIG
	workers: [$worker_cpu]
	memory: { connections: ${connections:-1200000} }
	ports:
	  - $1
	  - $2
	wires: [ { name: w0, ports: [a, b] } ]
	policy: [ policy.d ]
	control: { socket: $tmp/weir.sock }
	CONFIG
	"$weir" check -c "$tmp/weir.yaml" >"$tmp/check.log" 2>&1 || { cat "$tmp/check.log" >&2; fail "weir check"; }
}

# Starts what write_weir wrote; its pid in $gateway
start_weir() {
	: >"$tmp/weir.log"
	${in_netns:-} "$weir" run -c "$tmp/weir.yaml" >"$tmp/weir.log" 2>&1 &
	gateway=$!
	pids="$pids $gateway"
}

memif() { # ROLE ID: devargs
	echo "net_memif$2,role=$1,id=$2,socket=$tmp/memif.sock,socket-abstract=no"
}

# wait_for PID FILE LINE: until a process has said that its ports are started
wait_for() {
	for _ in $(seq 200); do
		grep -q "$3" "$2" 2>/dev/null && return 0
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	echo "$(basename "$2" .log) did not start:" >&2
	tail -5 "$2" >&2
	return 1
}

# start_middle WHO VDEV VDEV: starts io, 5tswap or weir; its pid in $middle
start_middle() {
	if [ "$1" = weir ]; then
		start_weir
		middle=$gateway
		wait_for "$middle" "$tmp/weir.log" 'notice: ready'
	else
		start_testpmd "$@"
		middle=$testpmd
		wait_for "$middle" "$tmp/testpmd.log" 'Checking link statuses'
	fi
}

# traffic OPTIONS...: the bench around the memif pair; JSON
traffic() {
	"$bench" traffic --source "vdev:$(memif client 0)" --sink "vdev:$(memif client 1)" \
		--cpu "$generator_cpu" --json "$@" 2>"$tmp/bench.log"
}

# round WHO FILE JQ OPTIONS...: one run around WHO (io, 5tswap, weir); appends JQ's figure to FILE
round() {
	who=$1 file=$2 query=$3
	shift 3
	rm -f "$tmp/memif.sock"
	if start_middle "$who" "$(memif server 0)" "$(memif server 1)"; then
		if traffic "$@" >"$tmp/run.json"; then
			jq -r "$query" "$tmp/run.json" >>"$file"
		else
			tail -5 "$tmp/bench.log" >&2
		fi
	fi
	stop "$middle"
}
