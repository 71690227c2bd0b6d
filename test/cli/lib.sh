# Tiny TAP helpers for test/cli/*.sh.  A test starts with
#     . "$RD_SRC/test/cli/lib.sh"
# and ends with t_done.  It runs in a fresh folder, removed at the end; $REDOUBT is the program.
REDOUBT=$RD_BUILD/redoubt
t_count=0
t_failed=0
t_dir=$(mktemp -d) || exit 1
trap 'rm -rf "$t_dir"' EXIT
cd "$t_dir" || exit 1

# t_ok STATUS NAME: the common end of all checks.
t_ok() {
	t_count=$((t_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $t_count - $2"
	else
		t_failed=$((t_failed + 1))
		echo "not ok $t_count - $2"
		[ -f out ] && sed 's/^/# stdout: /' out | head -n 20
		[ -f err ] && sed 's/^/# stderr: /' err | head -n 20
	fi
}

# t_exit STATUS NAME COMMAND...: runs the command into ./out and ./err, compares its exit status.
t_exit() {
	t_want=$1
	t_name=$2
	shift 2
	"$@" >out 2>err </dev/null
	t_got=$?
	[ "$t_got" -eq "$t_want" ] || echo "# exit status $t_got, not $t_want"
	t_ok "$((t_got != t_want))" "$t_name"
}

# t_out REGEX NAME, t_err REGEX NAME: the last command's output has a line like this.
t_out() {
	grep -Eq -- "$1" out
	t_ok $? "$2"
}
t_err() {
	grep -Eq -- "$1" err
	t_ok $? "$2"
}

# t_same FILE FILE NAME: equal bytes.
t_same() {
	cmp "$1" "$2" >&2
	t_ok $? "$3"
}

# t_skip REASON: the test skips, or fails when CI=true, where everything must be there.  Before the first check.
t_skip() {
	[ "${CI:-}" = true ] && { echo "Bail out! $1"; exit 1; }
	echo "1..0 # SKIP $1"
	exit 0
}

# t_need_shared PATH: the test needs this file of ../shared.
t_need_shared() {
	[ -e "$RD_SHARED/$1" ] || t_skip "no ../shared/$1"
}

# t_need_npm: the test needs the peers of test/tools/npm-peers, and gets their folder as $t_npm.
t_need_npm() {
	t_npm=$RD_BUILD/npm
	command -v npm >/dev/null || t_skip "no npm"
	"$RD_SRC/test/tools/npm-peers" "$t_npm" >&2 || t_skip "npm could not install the peers"
}

t_done() {
	echo "1..$t_count"
	[ "$t_failed" -eq 0 ]
	exit
}
