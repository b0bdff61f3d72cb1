#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds weir and runs all its tests; the last line is `N passed, N failed` (and skipped, if any).
#
#   test/run.sh [--soak] [--fuzz SECONDS] [--only PATTERN] [--no-install]
#
#   --soak          full sizes: 1 GiB transfers, 1,000 reloads, 50,000 flows explained
#   --fuzz SECONDS  run each fuzz target for so long, too (clang's libFuzzer)
#   --only PATTERN  the parts whose name has PATTERN in it, or else the cases whose name has
#   --no-install    install no packages
#
# Parts: style, unit, fuzz, verify, waf, sanitizers, system/<file>. Needs root for the system
# tests, which run in network namespaces of their own; without it they are skipped.
set -u
cd "$(dirname "$0")/.." || exit 1

soak=
fuzz_seconds=0
only=
install=true
while [ $# -gt 0 ]; do
	case $1 in
	--soak) soak=1 ;;
	--fuzz) fuzz_seconds=${2:?--fuzz wants seconds} && shift ;;
	--only) only=${2:?--only wants a pattern} && shift ;;
	--no-install) install=false ;;
	-h | --help)
		sed -n '3,13s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*)
		echo "run.sh: unknown option $1" >&2
		exit 2
		;;
	esac
	shift
done

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export WEIR_BUILD=$PWD/build WEIR_SOAK=$soak
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export CC=${CC:-gcc}
python=/usr/bin/python3 # Debian's own: scapy is there
exec </dev/null

results=$(mktemp -d "${TMPDIR:-/tmp}/weir-tests.XXXXXX")
lines=$results/lines
times=$results/times # a line `SECONDS NAME` for each part
touch "$lines" "$times"
hugepages_before=
case_pattern=
sanitizers_build= # its process while it runs beside other parts

# ---- counting ----

count() {
	grep -c "^$1 - " "$lines"
}

# took NAME START: tells how long it took since bash's SECONDS was START.
took() {
	local seconds=$((SECONDS - $2))
	echo "== $1: $seconds s"
	echo "$seconds $1" >>"$times"
}

tell_the_longest() {
	printf '\nLongest of %d s in all:\n' "$SECONDS"
	sort -rn "$times" | head -10 | sed 's/^\([0-9]*\) /  \1 s  /'
}

finish() {
	trap - EXIT
	[ -z "$sanitizers_build" ] || pkill -P "$sanitizers_build"
	give_hugepages_back
	tell_the_longest
	local passed failed skipped
	passed=$(count ok)
	failed=$(count 'not ok')
	skipped=$(count skip)
	if [ "$failed" -gt 0 ]; then
		printf '\nFailed:\n'
		sed -n 's/^not ok - /  /p' "$lines"
	fi
	if [ "$skipped" -gt 0 ]; then
		printf '\nSkipped:\n'
		sed -n 's/^skip - /  /p' "$lines"
	fi
	if [ $((passed + failed)) -eq 0 ]; then
		echo "Nothing was run; has anything the name '$only'?"
		failed=1
	fi
	rm -rf "$results"
	printf '\n%d passed, %d failed' "$passed" "$failed"
	[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
	printf '\n'
	[ "$failed" -eq 0 ]
	exit
}
trap finish EXIT
trap 'tell "not ok - run.sh: interrupted"; finish' INT TERM HUP

# A result that no part told itself.
tell() {
	echo "$1" | tee -a "$lines"
}

# part NAME SECONDS COMMAND...: runs it with a time limit and keeps its result lines.
part() {
	local name=$1 seconds=$2 start=$SECONDS code before
	shift 2
	printf '\n== %s\n' "$name"
	before=$(count 'not ok')
	timeout --kill-after=30 "$seconds" "$@" 2>&1 | tee "$results/part"
	code=${PIPESTATUS[0]}
	# Not from a line's middle: what a test prints may have no line end.
	sed -n '/^ok - /p; /^not ok - /p; /^skip - /p' "$results/part" >>"$lines"
	case $code in
	124 | 137) tell "not ok - $name: not done after $seconds s" ;;
	0) ;;
	*)
		if [ "$(count 'not ok')" -eq "$before" ]; then
			tell "not ok - $name: ended with $code"
		fi
		;;
	esac
	took "$name" "$start"
	return "$code"
}

# Whether the part is among those asked for.
wanted() {
	[ -z "$only" ] || [ -n "$case_pattern" ] || [[ $1 == *"$only"* ]]
}

# ---- what must be there ----

install_packages() {
	echo "== packages"
	if ! timeout 900 deploy/packages.sh build run test; then
		tell "not ok - packages: they could not be installed"
	fi
}

# 512 pages of 2 MiB if the machine will give them; without any, weir runs on ordinary memory.
reserve_hugepages() {
	local file=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages have
	[ -w $file ] || return 0
	have=$(cat $file)
	if [ "$have" -lt 512 ]; then
		echo 512 >$file 2>/dev/null && hugepages_before=$have
	fi
	echo "hugepages: $(cat $file) of 2 MiB"
	if ! grep -q ' hugetlbfs ' /proc/mounts; then
		mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages ||
			echo "no hugetlbfs can be mounted here"
	fi
}

give_hugepages_back() {
	[ -z "$hugepages_before" ] ||
		echo "$hugepages_before" >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
}

# build FOLDER TARGETS MESON-OPTIONS...; TARGETS is a pattern of names, empty for all
build() {
	local folder=$1 pattern=$2 start=$SECONDS log=$results/$1.log
	local targets=()
	shift 2
	printf '\n== build: %s\n' "$folder"
	if [ ! -f "$folder/build.ninja" ]; then
		rm -rf "$folder"
		timeout 120 meson setup "$folder" --werror "$@" >"$log" 2>&1
	fi
	if [ -n "$pattern" ] && [ -f "$folder/build.ninja" ]; then
		mapfile -t targets < <(ninja -C "$folder" -t targets all | sed 's/: .*//' | grep -E "$pattern")
	fi
	if [ -f "$folder/build.ninja" ] &&
		timeout 3600 ninja -C "$folder" "${targets[@]}" >"$log" 2>&1; then
		tell "ok - build: $folder"
		took "build: $folder" "$start"
		return 0
	fi
	grep -v '^\[' "$log" | tail -60
	tell "not ok - build: $folder"
	return 1
}

# ---- the parts ----

# meson_tests NAME BUILD SUITE; every check of a Check program is told by itself, from its TAP.
meson_tests() {
	local start=$SECONDS
	printf '\n== %s: running\n' "$1"
	rm -f "$2/meson-logs/testlog.json"
	CK_TAP_LOG_FILE_NAME=- timeout --kill-after=30 1800 \
		meson test -C "$2" --no-rebuild --timeout-multiplier 3 --suite "$3" >"$results/meson" 2>&1
	took "$1: running" "$start"
	[ -f "$2/meson-logs/testlog.json" ] || cat "$results/meson"
	part "$1" 60 $python test/meson_results.py "$2/meson-logs/testlog.json" "$1"
}

run_style() {
	part style 900 $python test/style/check.py build
}

# Only what is run; compiling takes minutes of all processors, which the parts that go on meanwhile
# mostly wait.
begin_sanitizers() {
	build build-san '^test/(unit/test|fuzz/fuzz)_[a-z0-9_]+$' -Db_sanitize=address,undefined \
		-Db_lundef=false >"$results/sanitizers" 2>&1 &
	sanitizers_build=$!
}

run_sanitizers() {
	local code
	wait "$sanitizers_build"
	code=$?
	sanitizers_build=
	cat "$results/sanitizers"
	[ "$code" -eq 0 ] || return
	meson_tests "sanitizers" build-san unit
	meson_tests "sanitizers, corpus" build-san fuzz
}

# libFuzzer's new inputs stay in build-fuzz/corpus; those in test/fuzz/corpus are only read.
fuzz_one() {
	local target=$1 name=$2 log=build-fuzz/$2.log
	local options=()
	# So much code takes part that weighing inputs by how rare their features are is most of the work.
	[[ $name != path_http && $name != path_tls ]] || options+=(-entropic=0)
	printf '\n== fuzz: %s for %d s\n' "$name" "$fuzz_seconds"
	mkdir -p "build-fuzz/corpus/$name" build-fuzz/crashes
	if timeout --kill-after=30 $((fuzz_seconds + 120)) "$target" -max_total_time="$fuzz_seconds" \
		"${options[@]}" -timeout=20 -rss_limit_mb=4096 -artifact_prefix="build-fuzz/crashes/$name-" \
		"build-fuzz/corpus/$name" "test/fuzz/corpus/$name" >"$log" 2>&1; then
		tell "ok - fuzz: $name for $fuzz_seconds s: $(tail -1 "$log")"
	else
		tail -60 "$log"
		tell "not ok - fuzz: $name: $(grep -m1 '^SUMMARY\|ERROR:' "$log"), see build-fuzz/crashes"
	fi
}

run_fuzzers() {
	CC=clang build build-fuzz '/libfuzzer_[a-z_]+$' -Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link || return
	local target
	for target in build-fuzz/test/fuzz/libfuzzer_*; do
		if [ -f "$target" ] && [ -x "$target" ]; then
			fuzz_one "$target" "${target##*/libfuzzer_}"
		fi
	done
}

# With WEIR_CRS4 also CRS v4's regression tests, see test/waf/run.py; over the wire they are in
# system/test_waf_wire.
run_waf() {
	local limit=1500
	[ -z "$soak" ] || limit=14400
	part waf $limit $python test/waf/run.py ${case_pattern:+"$case_pattern"}
}

run_system() {
	local file name limit=900
	[ -z "$soak" ] || limit=14400
	for file in test/system/test_*.py; do
		name=system/$(basename "$file" .py)
		wanted "$name" || continue
		part "$name" $limit $python "$file" ${case_pattern:+"$case_pattern"}
	done
}

# ---- all of them ----

# A pattern that no part has in its name is one for cases.
choose() {
	local name
	[ -n "$only" ] || return
	for name in style unit sanitizers fuzz verify waf test/system/test_*.py; do
		name=${name#test/}
		if [[ ${name%.py} == *"$only"* ]]; then
			return
		fi
	done
	case_pattern=$only
}

choose
! $install || install_packages
[ "$(id -u)" -ne 0 ] || reserve_hugepages
build build '' || finish
if [ -z "$case_pattern" ]; then
	! wanted sanitizers || begin_sanitizers
	! wanted style || run_style
	! wanted unit || meson_tests unit build unit
	! wanted fuzz || meson_tests "fuzz, corpus" build fuzz
fi
! wanted verify || part verify 900 $python test/verify/run.py ${case_pattern:+"$case_pattern"}
! wanted waf || run_waf
if [ -z "$case_pattern" ]; then
	! wanted sanitizers || run_sanitizers
	{ ! wanted fuzz || [ "$fuzz_seconds" -eq 0 ]; } || run_fuzzers
fi
run_system # with nothing beside it: there are times in it
finish
