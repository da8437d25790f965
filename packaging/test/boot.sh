#!/usr/bin/env bash
# Boots an amd64 image of Debian 12 with systemd and the package in QEMU, as
# root; without KVM, so that it runs inside virtual machines too, unless
# RTV_ACCEL=kvm asks for it:
#
#   packaging/test/boot.sh NEW.deb
#
# Out: build/boot with the log of the machine and pictures of its screen: the
# app after the boot, in a demo after a tap, back after it hung, was killed and was
# out of memory, after the clock leapt, turned, and through X; and the bundles that
# were made in it.
set -euo pipefail
new=$(realpath "${1:?usage: packaging/test/boot.sh NEW.deb}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${RTV_PRIVATE:-} != 1 ]]; then
	RTV_PRIVATE=1 exec unshare --mount --propagation private packaging/test/boot.sh "$@"
fi
base=$PWD/build/roots/boot-amd64.tar
out=$PWD/build/boot
root=$out/root
packages=(systemd-sysv udev dbus libpam-systemd linux-image-amd64 kmod procps cage seatd xwayland
	xserver-xorg-core xserver-xorg-input-libinput x11-xserver-utils xinput xauth
	libgl1-mesa-dri libgl1 libyuv0 libturbojpeg0 libxxf86vm1 libxinerama1 adduser)

if [[ ! -s $base ]]; then
	echo '== making a root of Debian 12 that boots'
	mkdir -p "${base%/*}"
	mmdebstrap --quiet --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" bookworm "${base%.tar}.new.tar"
	mv "${base%.tar}.new.tar" "$base"
fi
rm -rf --one-file-system "$out"
mkdir -p "$root"
trap 'umount --recursive --lazy --quiet "$root/proc" "$root/sys" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
tar -C "$root" -xf "$base"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp "$new" "$root/new.deb"
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LANGUAGE=en DEBIAN_FRONTEND=noninteractive "$@"; }

echo '== the package is installed, and kiosk mode turned on'
in_root sh -c 'apt-get -q update && apt-get -q install --yes --no-install-recommends /new.deb' >"$out/install" 2>&1 || { tail "$out/install"; exit 1; }
grep '^reterminal-vision:' "$out/install"
in_root reterminal-vision kiosk on
# The first run is over, and somebody is enrolled, to be deleted a month later.
ffmpeg -loglevel error -i assets/demos/age-gender/clip.mjpeg -vf "select='eq(n,2)+eq(n,8)',unsharp=5:5:2" -fps_mode passthrough "$root/var/tmp/%d.png"
chmod a+r "$root"/var/tmp/*.png
in_root reterminal-vision kiosk run people add 'Ada Lovelace' --consent /var/tmp/1.png /var/tmp/2.png
echo '{"welcomed":true,"keep":30,"visitors":{"idle":-1,"attract":"off"}}' >"$root/var/lib/reterminal-vision/settings.json"
in_root chown reterminal-vision: /var/lib/reterminal-vision/settings.json

# A processor that is emulated, and draws besides, takes its time.
install -d "$root/lib/systemd/system/reterminal-vision.service.d"
printf '[Service]\nTimeoutStartSec=900\nWatchdogSec=%s\n' "${RTV_WATCHDOG:-60}" >"$root/lib/systemd/system/reterminal-vision.service.d/emulated.conf"

install -m 755 packaging/test/boot-guest.sh "$root/root/boot-guest"
cat >"$root/etc/systemd/system/boot-guest.service" <<'END'
[Unit]
Description=What is done to the app in the test
IgnoreOnIsolate=yes
After=systemd-user-sessions.service
[Service]
ExecStart=/root/boot-guest
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
[Install]
WantedBy=multi-user.target
END
in_root systemctl --quiet enable boot-guest.service
# The tablet stands in for the touch panel, which the package's own rule ties to the built-in display.
echo 'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{name}=="QEMU Virtio Tablet", ENV{WL_OUTPUT}="Virtual-1"' >"$root/etc/udev/rules.d/99-boot-test.rules"
echo '/dev/vda / ext4 noatime 0 1' >"$root/etc/fstab"
echo kiosk >"$root/etc/hostname"
rm "$root/new.deb"
cp "$(find "$root/boot" -name 'vmlinuz-*')" "$out/vmlinuz"
cp "$(find "$root/boot" -name 'initrd.img-*')" "$out/initrd"
umount --recursive --lazy "$root/proc" "$root/sys" "$root/dev"
truncate --size 4G "$out/disk"
mke2fs -q -t ext4 -d "$root" "$out/disk"
rm -rf --one-file-system "$root"
python3 packaging/test/boot.py "$out"

echo '== the bundles tell of the machine, and of nobody'
for who in kiosk root; do
	debugfs -R "dump /root/reports/$who.zip $out/$who.zip" "$out/disk" 2>/dev/null
	python3 packaging/test/bundle.py "$out/$who.zip" 'Ada Lovelace'
done
rm -f "$out/disk" "$out/initrd" "$out/vmlinuz"
