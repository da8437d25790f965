#!/usr/bin/env bash
# Prints Debian's changelog of the commits: one entry for each tag vN, and one
# for what came after the last.
#
#   packaging/deb/changelog.sh VERSION MAINTAINER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# entry VERSION RANGE COMMIT
entry() {
	printf 'reterminal-vision (%s) stable; urgency=medium\n\n' "$1"
	git log --no-merges --format=%s "$2" | while IFS= read -r subject; do
		fold -s -w 74 <<<"$subject" | sed 's/ *$//; 1s/^/  * /; 2,$s/^/    /'
	done
	printf '\n -- %s  %s\n\n' "$maintainer" "$(date -u -R -d "@$(git log -1 --format=%ct "$3")")"
}

maintainer=$2
mapfile -t tags < <(git tag --merged HEAD --list 'v[0-9]*' --sort=-v:refname)
if [[ ${tags[0]:-} != v$1 ]]; then
	entry "$1" "${tags[0]:+${tags[0]}..}HEAD" HEAD
fi
for i in "${!tags[@]}"; do
	before=${tags[i + 1]:-}
	entry "${tags[i]#v}" "${before:+$before..}${tags[i]}" "${tags[i]}"
done
