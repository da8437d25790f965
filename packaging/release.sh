#!/usr/bin/env bash
# Gathers a release in build/release: both packages of this commit, SHA256SUMS,
# CHANGELOG.md, the lists of parts, and index.html, which is README.md with what
# is needed to install it. Run by make release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/release
rm -rf "$out"
mkdir -p "$out/assets"
mapfile -t packages < <(find build/deb -maxdepth 1 -name 'reterminal-vision_*.deb' -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-)
version=''
for arch in amd64 arm64; do
	for p in "${packages[@]}"; do
		[[ $p == *_$arch.deb ]] || continue
		found=$(dpkg-deb -f "$p" Version)
		version=${version:-$found}
		[[ $found == "$version" ]] || { echo "release: the packages are of versions $version and $found: make both anew" >&2; exit 1; }
		cp "$p" "$out"
		dpkg-deb --fsys-tarfile "$p" | tar -xO ./usr/share/doc/reterminal-vision/parts.cdx.json >"$out/parts_$arch.cdx.json"
		break
	done
	compgen -G "$out/*_$arch.deb" >/dev/null || { echo "release: there is no package for $arch: make deb ARCH=$arch" >&2; exit 1; }
done
{
	echo "# Changes"
	packaging/deb/changelog.sh "$version" x | sed -n 's/^reterminal-vision (\(.*\)) .*/\n## \1\n/p; s/^  \* /- /p; s/^    /  /p'
} >"$out/CHANGELOG.md"
cp -r assets/screenshots "$out/assets/"
# What README.md links to, so that no link of the page is dead.
grep -oP '\]\(\K[^)#:]+(?=\))' README.md | sort -u | xargs -d '\n' cp --parents -t "$out"
(cd "$out" && sha256sum -- *.deb *.json CHANGELOG.md >SHA256SUMS)
go run ./packaging/page -readme README.md -version "$version" -sums "$out/SHA256SUMS" -out "$out/index.html"
echo "$out: version $version"
