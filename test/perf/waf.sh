#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The WAF engine against Debian's libmodsecurity: CPU time of a transaction over the same requests with
# the same rules, in turns, medians of five; at paranoia 1 and 4, for Debian's CRS and, when WEIR_CRS4
# names its folder, for CRS v4. Needs no root.
# Usage: waf.sh [BUILD-FOLDER [REQUESTS]]; ROUNDS=5
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
requests=${2-}
rounds=${ROUNDS:-5}
bench=$build/app/weir-bench/weir-bench
other=$build/test/waf/waf_modsecurity

fail() {
	echo "$0: $*" >&2
	exit 1
}

[ -x "$bench" ] || fail "no $bench; usage: $0 [BUILD-FOLDER [REQUESTS]]"
[ -x "$other" ] || fail "no $other: libmodsecurity-dev was not there when meson looked"
command -v jq >/dev/null || fail "needs jq (apt-get install jq)"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
if [ -z "$requests" ]; then
	requests=$tmp/requests.bin
	python3 "$here/requests.py" "$requests"
fi

median() {
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "nan" }'
}

# Both engines read the level from the rules, so that they do the same.
write_paranoia() {
	cat >"$tmp/paranoia.conf" <<-RULES
	SecAction "id:200900,phase:1,pass,nolog,setvar:tx.paranoia_level=$1,\\
	    setvar:tx.executing_paranoia_level=$1,setvar:tx.blocking_paranoia_level=$1,\\
	    setvar:tx.detection_paranoia_level=$1"
	RULES
}

# measure RULES...: results of each round into $tmp/weir.N and $tmp/other.N
measure() {
	options=
	for pattern in "$@"; do options="$options --rules $pattern"; done
	for i in $(seq "$rounds"); do
		# shellcheck disable=SC2086 # patterns have no spaces, and are not to be expanded
		(set -f; "$bench" waf --json --requests "$requests" --rounds 3 --passes 5 --cache "$tmp" $options) \
			>"$tmp/weir.$i" || fail "weir-bench waf"
		"$other" "$requests" 1 "$@" >"$tmp/other.$i" || fail "waf_modsecurity"
	done
}

# row NAME: medians of what was measured
row() {
	for class in mix get form json attack; do
		weir=$(jq -r ".$class.us // empty" "$tmp"/weir.* | median)
		theirs=$(jq -r ".$class.us // empty" "$tmp"/other.* | median)
		if [ "$weir" = nan ] || [ "$theirs" = nan ]; then continue; fi
		printf '%-16s %-7s %10.1f %12.1f %9.1f   %s\n' "$1" "$class" "$weir" "$theirs" \
			"$(awk -v a="$theirs" -v b="$weir" 'BEGIN { print (b > 0 ? a / b : 0) }')" \
			"$(jq -rs "(.[0].$class | \"\(.refused * 100 / .transactions | round)%\")
				+ \" \" + (.[1].$class | \"\(.refused * 100 / .transactions | round)%\")" \
				"$tmp/weir.1" "$tmp/other.1")"
	done
}

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(uname -sr); load $(cut -d' ' -f1 /proc/loadavg)"
echo "libmodsecurity $(dpkg-query -Wf '${Version}' libmodsecurity3 2>/dev/null || echo unknown), CRS $(dpkg-query -Wf '${Version}' modsecurity-crs 2>/dev/null || echo none); us of CPU time a transaction, medians of $rounds rounds in turns"
printf '%-16s %-7s %10s %12s %9s   %s\n' rules class weir modsecurity ratio "refused by each"
for level in 1 4; do
	write_paranoia "$level"
	if [ -e /etc/modsecurity/crs/crs-setup.conf ]; then
		measure "$here/../waf/base.conf" /etc/modsecurity/crs/crs-setup.conf "$tmp/paranoia.conf" \
			'/usr/share/modsecurity-crs/rules/*.conf'
		row "CRS 3.3, PL$level"
	fi
	if [ "${WEIR_CRS4-}" ]; then
		measure "$here/../waf/base.conf" "$WEIR_CRS4/crs-setup.conf.example" "$tmp/paranoia.conf" \
			"$WEIR_CRS4/rules/*.conf"
		row "CRS v4, PL$level"
	fi
done
