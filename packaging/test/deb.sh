#!/usr/bin/env bash
# Builds the package twice, which must give the same bytes, asks lintian, and
# has it live through a clean root, which needs root or sudo:
#
#   packaging/test/deb.sh amd64|arm64
#
# RTV_ONCE=1 leaves the second build out; RTV_AFRESH=1 makes it in another folder
# with nothing compiled, in minutes, which shows that no path and no cache is in it.
set -euo pipefail
arch=${1:?usage: packaging/test/deb.sh amd64|arm64}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
most_packed=60000000 most_installed=150000 # bytes; kB

new=$(packaging/deb/build.sh "$arch")
sum=$(sha256sum <"$new")
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
if [[ ${RTV_AFRESH:-} == 1 ]]; then
	git diff --quiet HEAD || { echo "$0: the second build is of a commit: commit what was changed"; exit 1; }
	trap 'git worktree remove --force "$files/tree" 2>/dev/null; rm -rf "$files"' EXIT
	git worktree add --quiet --detach "$files/tree" HEAD
	ln -s "$(realpath .native)" "$files/tree/.native"
	again=$files/tree/$(GOCACHE=$files/cache "$files/tree/packaging/deb/build.sh" "$arch")
	[[ $sum == "$(sha256sum <"$again")" ]] || { echo "$new: a build in another folder differs"; exit 1; }
	echo "two builds, in two folders, the second with nothing compiled, the same SHA-256: ${sum%% *}"
elif [[ ${RTV_ONCE:-} != 1 ]]; then
	packaging/deb/build.sh "$arch" >/dev/null
	[[ $sum == "$(sha256sum <"$new")" ]] || { echo "$new: two builds differ"; exit 1; }
	echo "two builds, the same SHA-256: ${sum%% *}"
fi
# No earlier version has been released: this one stands in, under a lower number.
dpkg-deb -R "$new" "$files/old"
sed -i 's/^Version: .*/Version: 0.0.1/' "$files/old/DEBIAN/control"
old=build/deb/old_$arch.deb
dpkg-deb --root-owner-group -Zgzip -z1 --build "$files/old" "$old" >/dev/null

(($(stat -c %s "$new") <= most_packed)) || { echo "$new has more than $most_packed bytes"; exit 1; }
(($(dpkg-deb -f "$new" Installed-Size) <= most_installed)) || { echo "$new takes more than $most_installed kB"; exit 1; }
lintian --fail-on error,warning --tag-display-limit 0 --allow-root "$new"
dpkg-deb -x "$new" "$files/new"
desktop-file-validate "$files"/new/usr/share/applications/*.desktop
appstreamcli validate --no-net "$files"/new/usr/share/metainfo/*.xml
echo "$new: nothing to object to"
as_root=()
((EUID == 0)) || as_root=(sudo)
"${as_root[@]}" packaging/test/clean_root.sh "$arch" "$new" "$old"
