#!/usr/bin/env bash
# Audits what the app is made of: known vulnerabilities in the Go code that it
# calls, every module against its hash, every licence against the list.
#
#   packaging/audit.sh
#
# In: the Go project's list of vulnerabilities, as the newest version of the
# module golang.org/x/vulndb has it; $RTV_VULNDB is a folder with another copy.
# Out: what was found. Ends with 1 for a finding; where the list cannot be had
# it says so, and the rest decides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf 'audit: %s\n' "$*"; }

# The module comes through the same proxy and checksum database as all others.
known() {
	if [[ -n ${RTV_VULNDB:-} ]]; then
		echo "$RTV_VULNDB"
		return
	fi
	local folder
	folder=$(cd / && GOFLAGS=-mod=mod go mod download -json golang.org/x/vulndb@latest 2>/dev/null |
		sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || return 1
	[[ -d $folder/data/osv ]] && echo "$folder/data/osv"
}

failed=0
if list=$(known); then
	say "vulnerabilities: $(find "$list" -name 'GO-*.json' | wc -l) known, in $list"
	# 3 says that some are called; anything else that is not 0, that it could not work.
	code=0
	out=$(go tool govulncheck -db "file://$list" . 2>&1) || code=$?
	printf '%s\n' "$out"
	case $code in
	0) ;;
	3)
		# What is found in a module is this project's to mend; what is found in
		# Go itself, that of whoever builds with it.
		if grep -qE '^ +Found in: [^/@ ]*\.[^/@ ]*/' <<<"$out"; then
			failed=1
		else
			say "WARNING: $(go version | cut -d' ' -f3) has the above; name the version that mends it in go.mod (toolchain)"
		fi
		;;
	*)
		say "govulncheck did not work ($code)"
		failed=1
		;;
	esac
else
	say 'vulnerabilities: NOT CHECKED, the list (golang.org/x/vulndb) cannot be reached from here; run make audit where it can'
fi

go mod verify || failed=1
go test -count=1 -run 'TestDependencies' ./packaging || failed=1
exit $failed
