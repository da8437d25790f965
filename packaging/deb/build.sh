#!/usr/bin/env bash
# Builds the Debian package, the same bytes from the same commit:
#
#   packaging/deb/build.sh amd64|arm64
#
# In: the tree, and what packaging/setup.sh ARCH fetched. Out:
# build/deb/reterminal-vision_VERSION_ARCH.deb. VERSION is made from git unless
# the environment names one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
umask 022
export LC_ALL=C TZ=UTC
# As the Makefile has it: run directly, it is to give the same bytes.
export GOFLAGS=-tags=migrated_fynedo,no_emoji GOTOOLCHAIN=${GOTOOLCHAIN:-auto} PATH=$PWD/.native/go/bin:$PATH

arch=${1:?usage: packaging/deb/build.sh amd64|arm64}
native=$PWD/.native/$arch
deb=packaging/deb
work=build/deb/$arch
root=$work/root

# version: the tag, or the last tag (else FyneApp.toml's version), the commits since and the commit.
git_version() {
	local tag base count
	if tag=$(git describe --tags --match 'v[0-9]*' --abbrev=0 2>/dev/null); then
		base=${tag#v} count=$(git rev-list --count "$tag..HEAD")
	else
		base=$(sed -n 's/^ *Version = "\(.*\)"/\1/p' FyneApp.toml) count=$(git rev-list --count HEAD)
	fi
	((count == 0)) || base+=+$count.g$(git rev-parse --short=8 HEAD)
	git diff --quiet HEAD || base+=.changed
	echo "$base"
}
version=${VERSION:-$(git_version)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

rm -rf "$work"
mkdir -p "$root/DEBIAN" "$work/debian"

# put MODE FILE... FOLDER
put() { install -D -m "$1" -t "$root/${*: -1}" "${@:2:$#-2}"; }

# The program, with nothing of this machine in it.
lib=usr/lib/reterminal-vision
(
	export GOOS=linux GOARCH=$arch CGO_ENABLED=1
	export CGO_CFLAGS="-O3 -I$PWD/inference/include" CGO_LDFLAGS="-L$native/lib"
	if [[ $arch != $(dpkg --print-architecture) ]]; then
		triplet=$(dpkg-architecture -a"$arch" -qDEB_HOST_GNU_TYPE 2>/dev/null) # it warns of the other compiler
		export CC=$triplet-gcc CXX=$triplet-g++ PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig
	fi
	go build -trimpath -buildmode=pie -buildvcs=false -ldflags "-s -w -buildid= -r \$ORIGIN/lib -X reterminal-vision/app/cli.BuildVersion=$version" \
		-o "$root/$lib/reterminal-vision" .
)
put 644 "$native/lib/libtensorflowlite_c.so" $lib/lib
install -d "$root/usr/bin"
ln -s ../lib/reterminal-vision/reterminal-vision "$root/usr/bin/reterminal-vision"
put 644 .native/mirror/*.tflite models/trained/*.tflite usr/share/reterminal-vision/models

put 755 $deb/session $lib
put 644 $deb/*.service $deb/*.target lib/systemd/system
put 644 $deb/*.rules lib/udev/rules.d
put 644 $deb/kiosk.conf etc/reterminal-vision
put 644 $deb/com.reterminal.vision.desktop usr/share/applications
install -d "$root/usr/share/metainfo"
sed "s/@VERSION@/$version/; s/@DATE@/$(date -d "@$SOURCE_DATE_EPOCH" +%F)/" $deb/com.reterminal.vision.metainfo.xml.in \
	>"$root/usr/share/metainfo/com.reterminal.vision.metainfo.xml"
install -D -m 644 assets/icon/icon.svg "$root/usr/share/icons/hicolor/scalable/apps/com.reterminal.vision.svg"
install -D -m 644 assets/icon/icon.png "$root/usr/share/icons/hicolor/512x512/apps/com.reterminal.vision.png"
put 644 $deb/reterminal-vision.1 usr/share/man/man1
gzip -9n "$root/usr/share/man/man1/reterminal-vision.1"

# What the program is linked with, as Debian's own tool finds it, and what GLFW and Mesa open by name.
maintainer='reTerminal Vision maintainers <maintainers@reterminal-vision.example.net>'
printf 'Source: reterminal-vision\nMaintainer: %s\n\nPackage: reterminal-vision\nArchitecture: any\n' "$maintainer" >"$work/debian/control"
linked=$(cd "$work" && dpkg-architecture -a"$arch" -c dpkg-shlibdeps --ignore-missing-info -l"$native/lib" -O \
	-e"root/$lib/reterminal-vision" -e"root/$lib/lib/libtensorflowlite_c.so" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[[ $linked == *libyuv0* && $linked == *libc6* ]] || { echo "$0: dependencies of the $arch program are not known: are its libraries installed?" >&2; exit 1; }
depends="$linked, libx11-xcb1, libxcursor1, libxi6, libxinerama1, libxrandr2, libxrender1, libxxf86vm1, libgl1-mesa-dri, adduser"

doc=$root/usr/share/doc/reterminal-vision
install -d "$doc"
go run ./packaging/parts -binary "$root/$lib/reterminal-vision" -library "$root/$lib/lib/libtensorflowlite_c.so" \
	-models "$root/usr/share/reterminal-vision/models" -arch "$arch" -version "$version" -depends "$depends" -epoch "$SOURCE_DATE_EPOCH" -out "$doc"
packaging/deb/changelog.sh "$version" "$maintainer" | gzip -9n >"$doc/changelog.gz"
put 644 README.md usr/share/doc/reterminal-vision
gzip -9n "$doc/README.md"

put 755 $deb/postinst $deb/prerm $deb/postrm DEBIAN
(cd "$root" && find etc -type f -printf '/%p\n' | sort) >"$root/DEBIAN/conffiles"
(cd "$root" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
# kB as Debian's policy counts them: files by their size, all else one; what a folder takes depends on the file system.
installed_size() {
	find "$root" -mindepth 1 -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' |
		awk '{ kb += int(($1 + 1023) / 1024) } END { print kb }'
}
cat >"$root/DEBIAN/control" <<END
Package: reterminal-vision
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(installed_size)
Depends: $depends
Recommends: cage, seatd, xwayland, ffmpeg
Suggests: xserver-xorg-core, xserver-xorg-input-libinput, x11-xserver-utils, xinput, xauth, v4l-utils
Section: science
Priority: optional
Description: edge-vision demos on a touchscreen
 Tap a demo, and a TensorFlow Lite network works on the live camera picture,
 offline: vehicles, conveyor belts, lungs on X-rays, age, emotion, liveness,
 people who were enrolled, and networks of your own.
 .
 Made for the Seeed reTerminal; it runs on any 64-bit Debian desktop as well.
 'reterminal-vision kiosk on' has the machine start with it, full screen and
 without a desktop.
END
chmod 644 "$root"/DEBIAN/{control,conffiles,md5sums}
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

out=build/deb/reterminal-vision_${version}_$arch.deb
dpkg-deb --root-owner-group --threads-max=1 -Zxz -z6 --build "$root" "$out" >/dev/null
rm -rf "$work"
echo "$out"
