#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# iperf3 between two namespaces through an AF_XDP pair in a third: weir against dpdk-testpmd io. Both
# ends and the middle share the cores, and the middle is never faster than the sending kernel: only
# the ratio means something.
# Usage: iperf.sh [BUILD-FOLDER]; ROUNDS=5
. "$(dirname "$0")/common.sh"

command -v iperf3 >/dev/null || fail "needs iperf3 (apt-get install iperf3)"
command -v ethtool >/dev/null || fail "needs ethtool (apt-get install ethtool)"
[ -x "$weir" ] || fail "no $weir"
[ "$worker_cpu" ] || fail "needs two cores"

client=perf$$c
server=perf$$s
gateway_ns=perf$$g

# end NAMESPACE INTERFACE-IN-THE-MIDDLE ADDRESS: a host on a veth whose other end is in the middle
end() {
	ip netns add "$1"
	namespaces="$namespaces $1"
	ip -n "$gateway_ns" link add "$2" type veth peer name eth0 netns "$1"
	# Nobody finishes checksums or cuts segments on the way.
	ip netns exec "$1" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
	ip netns exec "$gateway_ns" ethtool -K "$2" tx off gro off >/dev/null 2>&1
	ip netns exec "$gateway_ns" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1"
	ip -n "$gateway_ns" link set "$2" up promisc on
	ip -n "$1" addr add "$3" dev eth0
	ip -n "$1" link set eth0 up
	ip -n "$1" link set lo up
}

# run WHO OPTIONS...: Gbit/s that arrived
iperf() {
	ip netns exec "$client" iperf3 -c 10.2.0.1 -J -t 2 -O 0.5 --connect-timeout 5000 "$@" >"$tmp/iperf.json" 2>&1 || return 1
	jq -r '.end.sum_received.bits_per_second / 1e9' "$tmp/iperf.json"
}

wait_for_path() {
	for _ in $(seq 40); do
		ip netns exec "$client" ping -c1 -W0.3 10.2.0.1 >/dev/null 2>&1 && return 0
	done
	return 1
}

measure() {
	who=$1
	if start_middle "$who" "net_af_xdp0,iface=wa,start_queue=0,queue_count=1" \
		"net_af_xdp1,iface=wb,start_queue=0,queue_count=1" && wait_for_path; then
		iperf >>"$tmp/$who.up" || echo "$who: iperf3 failed: $(jq -r .error "$tmp/iperf.json" 2>/dev/null)"
		iperf -R >>"$tmp/$who.down" || echo "$who: iperf3 -R failed"
	else
		echo "$who: nothing comes through"
	fi
	stop "$middle"
}

machine
pingpong
ip netns add "$gateway_ns"
namespaces="$gateway_ns"
in_netns="ip netns exec $gateway_ns"
end "$client" wa 10.1.0.1/8
end "$server" wb 10.2.0.1/8
ip netns exec "$server" iperf3 -s -D -I "$tmp/iperf.pid" >/dev/null 2>&1
sleep 0.5
pids="$pids $(tr -d '\0' <"$tmp/iperf.pid")"
connections=10000
write_weir "{ name: a, device: \"iface:wa\" }" "{ name: b, device: \"iface:wb\" }"
echo "iperf3, TCP, 2 s each, in turns (Gbit/s)"
for _ in $(seq "$rounds"); do
	time_for 28 || break
	measure io
	measure weir
done
pingpong
for way in up down; do
	for who in io weir; do
		touch "$tmp/$who.$way"
		echo "$way $who $(spread "$tmp/$who.$way")"
	done
	echo "$way weir/io $(ratio "$(median <"$tmp/weir.$way")" "$(median <"$tmp/io.$way")")"
done
