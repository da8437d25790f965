#!/usr/bin/env bash
# Installs the package in a clean root of Debian 12, uses, upgrades and removes
# it there, as root and with a network:
#
#   packaging/test/clean_root.sh ARCH NEW.deb OLD.deb
#
# Out: build/packages/ARCH with the log, what each demo found on the built-in
# footage, and a picture of the app's window. Those of arm64 are compared with
# those of amd64 where these are there. The root of another architecture runs
# through QEMU's emulation of its programs.
set -euo pipefail
arch=${1:?usage: packaging/test/clean_root.sh ARCH NEW.deb OLD.deb}
new=$(realpath "$2") old=$(realpath "$3")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# Mounts of its own, which end with it.
if [[ ${RTV_PRIVATE:-} != 1 ]]; then
	RTV_PRIVATE=1 exec unshare --mount --propagation private "packaging/test/clean_root.sh" "$@"
fi

out=$PWD/build/packages/$arch
base=$PWD/build/roots/$arch.tar
root=$PWD/build/roots/$arch
footage=(vehicles:vehicle_yolov2_mobilenet_100_320_int8)
for demo in assets/demos/*/; do footage+=("$(basename "$demo")"); done
# Networks that the package has not, as the README says; those that emulation makes slower than the app stands.
fetched() { [[ $1 == scene || $1 == things ]]; }
slow=(vehicles vehicles-vehicle_yolov2_mobilenet_100_320_int8 objects)
frames=40
xvfb=''
[[ $arch == $(dpkg --print-architecture) ]] || frames=4
rm -rf --one-file-system "$out" "$root"
mkdir -p "$out" "$root"
exec > >(tee "$out/log") 2>&1
trap '[[ -z $xvfb ]] || kill $xvfb 2>/dev/null; umount --recursive --lazy --quiet "$root/proc" "$root/sys" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

say() { printf '== %s\n' "$*"; }
die() {
	printf 'FAILED: %s\n' "$*"
	exit 1
}
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LANGUAGE=en DEBIAN_FRONTEND=noninteractive "$@"; }
unzip_all() { python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); [sys.stdout.write(z.read(n).decode()) for n in z.namelist()]' "$1"; }
kiosk() { in_root reterminal-vision kiosk run "$@"; }

if [[ $arch != $(dpkg --print-architecture) ]] && ! arch-test "$arch" >/dev/null 2>&1; then
	say "having the kernel run programs of $arch through QEMU"
	[[ -e /proc/sys/fs/binfmt_misc/register ]] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
	cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
	arch-test "$arch" >/dev/null || die "programs of $arch do not run here: register qemu-user-static with binfmt_misc"
fi
if [[ ! -s $base ]]; then
	say "making a clean root of Debian 12, $arch"
	mkdir -p "${base%/*}"
	mmdebstrap --quiet --variant=apt --arch="$arch" bookworm "${base%.tar}.new.tar"
	mv "${base%.tar}.new.tar" "$base"
fi
tar -C "$root" -xf "$base"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" # XNNPACK counts the cores there
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started in here
chmod +x "$root/usr/sbin/policy-rc.d"
cp "$new" "$root/new.deb"
cp "$old" "$root/old.deb"
before=$(in_root dpkg-query --show | wc -l)
in_root apt-get -q update >/dev/null

say "one command, from the clean root to the first result: apt-get install ./new.deb"
seconds=$SECONDS
in_root apt-get -q install --yes --no-install-recommends ./new.deb >"$out/install" 2>&1 || { tail -n 30 "$out/install"; die 'it does not install'; }
grep '^reterminal-vision:' "$out/install"
grep -q '^reterminal-vision: it works on this machine; first result: \[{"label"' "$out/install" || die 'no first result'
echo "$((SECONDS - seconds)) s, $(($(in_root dpkg-query --show | wc -l) - before)) packages; the package: $(($(stat -c %s "$new") / 1000)) kB, \
installed $(in_root dpkg-query --show --showformat='${Installed-Size}' reterminal-vision) kB"
in_root sh -c 'ldd /usr/lib/reterminal-vision/reterminal-vision /usr/lib/reterminal-vision/lib/*.so' | grep 'not found' && die 'a library is missing'
in_root id reterminal-vision | tee /dev/stderr | grep -q 'video.*input.*render\|video.*render.*input\|input.*render.*video' || die 'the service user is not in its groups'
in_root reterminal-vision version
{ in_root reterminal-vision kiosk on 2>&1 || true; } | grep 'apt install cage' || die 'kiosk mode does not say what it lacks'

say 'removed and purged: nothing is left'
purged() {
	in_root apt-get -q purge --yes reterminal-vision >"$out/purge" 2>&1 || { cat "$out/purge"; die 'it cannot be purged'; }
	! in_root sh -c 'find / -xdev -name "*reterminal*" -not -path "/proc/*" -not -path "/var/log/*" -not -path "/var/cache/apt/*" -not -path "/var/lib/systemd/*" | grep .' ||
		die 'something is left'
	! in_root getent passwd reterminal-vision || die 'the user is left'
}
purged

say 'the version before, with people and settings'
in_root apt-get -q install --yes --no-install-recommends ./old.deb >"$out/install-old" 2>&1 || { tail "$out/install-old"; die 'it does not install'; }
mkdir -p "$root/var/tmp/shots"
# The first pictures show one person, a mean of several and so a little soft.
ffmpeg -loglevel error -i assets/demos/age-gender/clip.mjpeg -vf "select='eq(n,2)+eq(n,8)',unsharp=5:5:2" -fps_mode passthrough "$root/var/tmp/shots/%d.png"
chmod -R a+rX "$root/var/tmp/shots"
kiosk people add 'Ada Lovelace' --consent /var/tmp/shots/1.png /var/tmp/shots/2.png || die 'nobody could be enrolled'
kiosk people list >"$out/people"
cat "$out/people"
echo '{"welcomed":true,"language":"de"}' | in_root tee /var/lib/reterminal-vision/settings.json >/dev/null
in_root chown reterminal-vision: /var/lib/reterminal-vision/settings.json
in_root sed -i 's/^ROTATE=0/ROTATE=90/' /etc/reterminal-vision/kiosk.conf
sum=$(sha256sum "$root/var/lib/reterminal-vision/people.db" "$root/var/lib/reterminal-vision/settings.json")

say 'upgraded: people, settings and configuration are kept'
in_root apt-get -q install --yes --no-install-recommends ./new.deb >"$out/upgrade" 2>&1 || { tail "$out/upgrade"; die 'it does not upgrade'; }
grep '^Unpacking reterminal-vision' "$out/upgrade"
[[ $sum == "$(sha256sum "$root/var/lib/reterminal-vision/people.db" "$root/var/lib/reterminal-vision/settings.json")" ]] || die 'people or settings changed'
kiosk people list | diff - "$out/people" || die 'people are not kept'
grep ROTATE= "$root/etc/reterminal-vision/kiosk.conf"
grep -q '^ROTATE=90' "$root/etc/reterminal-vision/kiosk.conf" || die 'the configuration is not kept'

say "each demo on the built-in footage, $frames pictures"
mv "$root/var/lib/reterminal-vision/people.db" "$root/var/tmp/people.db" # what recognition tells must not depend on them
for run in "${footage[@]}"; do
	demo=${run%%:*} name=${run/:/-} model=()
	[[ $run != *:* ]] || model=(--model "${run#*:}")
	if kiosk --headless --unpaced --raw --threads 1 --demo "$demo" "${model[@]}" --frames "$frames" >"$out/$name.jsonl" 2>"$out/$name.log"; then
		! fetched "$demo" || die "$name runs, whose network is not in the package"
	elif fetched "$demo"; then
		grep -q 'models fetch' "$out/$name.log" || { cat "$out/$name.log"; die "$name does not say that its network is missing"; }
		rm "$out/$name.jsonl"
	elif ((frames == 4)) && [[ " ${slow[*]} " == *" $name "* ]] && grep -q 'stuck in a network' "$out/$name.log"; then
		rm "$out/$name.jsonl"
	else
		cat "$out/$name.log"
		die "$name does not run"
	fi
	echo "$name: $(tail -n 1 "$out/$name.log" | cut -c1-150)"
done
mv "$root/var/tmp/people.db" "$root/var/lib/reterminal-vision/people.db"
if [[ $arch != amd64 && -e build/packages/amd64/vehicles.jsonl ]]; then
	python3 packaging/test/compare.py build/packages/amd64 "$out" "${slow[@]}" || die "$arch and amd64 tell different things"
fi

say 'the window, under Xvfb'
exec 5>"$out/display"
Xvfb -displayfd 5 -screen 0 720x1280x24 -nolisten tcp -ac 2>/dev/null &
xvfb=$!
exec 5>&-
for _ in $(seq 100); do [[ ! -s $out/display ]] || break; sleep 0.1; done
display=:$(cat "$out/display")
demo=vehicles
((frames == 40)) || demo=belt # emulated, the large network takes longer for a picture than the app waits when it ends
in_root env DISPLAY="$display" XDG_DATA_HOME=/var/lib reterminal-vision kiosk run --demo "$demo" --duration $((frames == 4 ? 120 : 15))s >"$out/window.log" 2>&1 &
app=$!
for _ in $(seq 200); do ! grep -q 'window shown' "$out/window.log" || break; sleep 0.5; done
sleep $((frames == 4 ? 60 : 5))
import -display "$display" -window root "$out/window.png"
wait $app || { cat "$out/window.log"; die 'the window does not run'; }
grep 'window shown' "$out/window.log"
colours=$(identify -format %k "$out/window.png")
echo "a picture of $colours colours: $out/window.png"
((colours > 1000)) || die 'nothing is on the screen'
kill $xvfb
xvfb=''

say 'doctor and the bundle'
# Nothing fails; there is no service manager in here, and so no log.
kiosk doctor --bundle /root/report.zip >"$out/doctor" || { cat "$out/doctor"; die 'doctor finds something that fails'; }
cat "$out/doctor"
cp "$root/root/report.zip" "$out/report.zip" || die 'there is no bundle'
python3 -m zipfile -l "$out/report.zip"
! unzip_all "$out/report.zip" | grep 'Lovelace' || die 'the bundle tells a name'

say 'removed: what people made is kept'
in_root apt-get -q remove --yes reterminal-vision >"$out/remove" 2>&1 || { cat "$out/remove"; die 'it cannot be removed'; }
[[ ! -e $root/usr/bin/reterminal-vision && -e $root/var/lib/reterminal-vision/people.db && -e $root/etc/reterminal-vision/kiosk.conf ]] || die 'it should keep people and configuration alone'
say 'purged: nothing is left'
purged
say "$arch: all is well"
