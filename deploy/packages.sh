#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs the Debian 12 packages that are missing, and no others.
#
#   deploy/packages.sh [--list] SET...    sets: build run test perf quickstart
set -eu

packages_of() {
	case $1 in
	build)
		echo build-essential meson ninja-build pkg-config libdpdk-dev libyaml-dev libjansson-dev \
			libhyperscan-dev libpcap-dev libbpf-dev libxdp-dev libssl-dev libxml2-dev zlib1g-dev libbrotli-dev \
			libpcre2-dev libmodsecurity-dev libipsec-mb-dev libnghttp2-dev libsodium-dev
		;;
	run)
		echo iproute2 ethtool modsecurity-crs
		;;
	test)
		echo check clang clang-format libclang-rt-dev llvm shellcheck python3 python3-scapy pyflakes3 \
			iproute2 iputils-ping traceroute ethtool iperf3 nginx-light haproxy curl openssl procps util-linux \
			modsecurity-crs libmodsecurity-dev python3-yaml slowhttptest chromium nghttp2-client nghttp2-server python3-grpcio python3-hpack \
			testssl.sh
		;;
	perf)
		echo jq iproute2 iputils-ping ethtool iperf3 dpdk python3 wrk nginx-light haproxy libnginx-mod-http-modsecurity \
			modsecurity-crs libmodsecurity-dev
		;;
	quickstart)
		echo iproute2 iputils-ping ethtool nginx-light curl openssl procps python3
		;;
	*)
		echo "packages.sh: no set '$1'; sets: build run test perf quickstart" >&2
		exit 2
		;;
	esac
}

is_installed() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	*" installed") return 0 ;;
	esac
	# Any nginx does.
	[ "$1" = nginx-light ] && command -v nginx >/dev/null 2>&1
}

missing_of() {
	for package in $1; do
		is_installed "$package" || echo "$package"
	done
}

# nginx would start its service on installation and at each boot, which nobody asked for.
keep_services_stopped() {
	[ -e /usr/sbin/policy-rc.d ] && return
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
}

# The lists are fetched only when what they say is not enough.
install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	keep_services_stopped
	options="-y -qq --no-install-recommends -o Dpkg::Use-Pty=0"
	# shellcheck disable=SC2086 # words
	if ! apt-get install $options "$@" </dev/null; then
		apt-get update -qq </dev/null
		# shellcheck disable=SC2086
		apt-get install $options "$@" </dev/null
	fi
	case " $* " in
	*" nginx-light "*) systemctl disable --quiet nginx 2>/dev/null || : ;;
	esac
	case " $* " in
	*" haproxy "*) systemctl disable --quiet haproxy 2>/dev/null || : ;;
	esac
}

list=false
if [ "${1-}" = --list ]; then
	list=true
	shift
fi
wanted=
for set in "$@"; do
	words=$(packages_of "$set") || exit 2
	wanted="$wanted $words"
done
missing=$(missing_of "$wanted" | sort -u)
if $list; then
	# shellcheck disable=SC2086
	printf '%s\n' $wanted | sort -u
elif [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "packages.sh: root is needed to install: $(echo "$missing" | tr '\n' ' ')" >&2
		exit 1
	fi
	# shellcheck disable=SC2086
	install_packages $missing
fi
