#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The longest call into the WAF engine, in ms of CPU time, for each kind of request of test/waf/pathological.py, at
# the default budget of 10 ms: a call may be longer by one step. With CRS v4 when WEIR_CRS4 names its folder, else
# with Debian's CRS. Needs no root.
# Usage: pathological.sh [BUILD-FOLDER [SIZE [PATTERN]]]; BUDGET=10ms. At SIZE 12000000 a kind may take 15 s.
set -eu

[ "${PERF_BOUNDED:-}" ] || PERF_BOUNDED=1 exec timeout -k 5 175 "$0" "$@"

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
size=${2:-126000}
pattern=${3-}
budget=${BUDGET:-10ms}
weir=$build/app/weir/weir

fail() {
	echo "$0: $*" >&2
	exit 1
}

[ -x "$weir" ] || fail "no $weir; usage: $0 [BUILD-FOLDER [SIZE [PATTERN]]]"
command -v jq >/dev/null || fail "needs jq (apt-get install jq)"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

if [ "${WEIR_CRS4-}" ]; then
	setup=$WEIR_CRS4/crs-setup.conf.example
	rules="$WEIR_CRS4/rules/*.conf"
else
	setup=/etc/modsecurity/crs/crs-setup.conf
	rules="/usr/share/modsecurity-crs/rules/*.conf"
fi
[ -e "$setup" ] || fail "no $setup"

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(uname -sr); load $(cut -d' ' -f1 /proc/loadavg)"
echo "bodies of about $size bytes, budget $budget; ms of CPU time"
python3 "$here/../waf/pathological.py" --size "$size" --kind "$pattern" >"$tmp/requests.json"
printf '%9s %9s %6s  %-10s %s\n' longest all calls outcome kind
# Where time runs out, what there is by then is shown.
"$weir" inspect --rules "$here/../waf/base.conf" --rules "$setup" --rules "$rules" --mode detect \
	--body-limit 13MiB --budget "$budget" --memory 64MiB --times "$tmp/requests.json" |
	jq -r --unbuffered '[.times.longest_call / 1000, .us / 1000, .calls, .would // .verdict, .id] | @tsv' |
	awk -F '\t' '{ printf "%9.2f %9.2f %6d  %-10s %s\n", $1, $2, $3, $4, $5; fflush() }' | sort -rg -k1,1
