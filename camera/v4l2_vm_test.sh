#!/bin/sh
# Runs the tests of a real camera against the kernel's virtual one (vivid) in
# a virtual machine that shares this machine's files. Needs the packages
# qemu-system-x86 linux-image-amd64 kmod v4l-utils, and the program vng (virtme-ng):
# make test-v4l2 sees to that.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -o "$work/camera.test" .
cat >"$work/run" <<END2
#!/bin/sh
modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0
cd "$PWD"
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" RTV_V4L2_DEVICE=/dev/video0
$work/camera.test -test.run 'RealCamera|Devices|Vivid' -test.v -test.timeout 4m
echo "exit status \$?"
END2
chmod +x "$work/run"
kernel=$(ls /boot/vmlinuz-* | tail -n 1)
# Without KVM it also runs inside containers and other virtual machines. A machine that did not come up tells nothing
# of the driver and is started once more.
for attempt in 1 2; do
	timeout 280 vng -r "$kernel" --disable-kvm --user root --cpus 2 --memory 2G --rwdir "$work" -- "$work/run" </dev/null 2>&1 | tee "$work/log"
	! grep -q '=== RUN' "$work/log" || break
done
grep -q 'exit status 0' "$work/log"
