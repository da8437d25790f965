#!/usr/bin/env bash
# Searches for input that brings the app down, with every fuzz target one after
# the other, and tells how many inputs each has tried.
#
#   packaging/fuzz.sh [TIME] [TARGET]
#
# In: how long each target is searched, as Go writes it (default 10s), and a
# part of the name of those wanted, as in people or FuzzJPEG (default: all).
# Out: a line a target; what is found lies in its package's testdata/fuzz, is
# tried by every `go test` from then on, and ends this with an error. So does a
# name that no target has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${1:-10s} wanted=${2:-}
failed=0 tried=0
targets=$(git grep --untracked -E '^func Fuzz[A-Za-z0-9]+\(f \*testing\.F\)' -- '*_test.go')
while IFS=: read -r file line; do
	target=$(sed -E 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/' <<<"$line") package=./$(dirname "$file")
	[[ $package/$target == *$wanted* ]] || continue
	tried=$((tried + 1))
	# Go before 1.27 can end a search that found nothing so (go.dev/issue/75804).
	over="--- FAIL: $target \([0-9.]+s\)"$'\n'"    context deadline exceeded"$'\n'"FAIL"
	if out=$(go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" -fuzzminimizetime=1s -timeout 0 "$package" 2>&1) || [[ $out =~ $over ]]; then
		printf '%-24s %-16s %s\n' "$package" "$target" "$(grep -o 'execs: [0-9]*' <<<"$out" | tail -n 1)"
	else
		failed=1
		printf '%-24s %-16s FAILED\n%s\n' "$package" "$target" "$out"
	fi
done <<<"$targets"
((tried)) || { echo "no fuzz target has '$wanted' in its name" >&2; exit 1; }
exit $failed
