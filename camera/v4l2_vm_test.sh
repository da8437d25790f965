#!/bin/sh
# Runs the tests of a real camera in a virtual machine that shares this
# machine's files: against the kernel's virtual camera (vivid), and, where
# v4l2loopback is installed, against a device node that gives recorded JPEG
# pictures, up to a demo that works on them; then every fault a camera can have
# is made to happen to a running demo. Needs the packages
# busybox-static qemu-system-x86 linux-image-amd64 kmod v4l-utils ffmpeg, better also
# v4l2loopback-dkms linux-headers-amd64, the program vng (virtme-ng), and the
# built app: make test-v4l2 sees to that.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -o "$work/camera.test" .
go test -c -o "$work/app.test" ../app
cat >"$work/run" <<END2
#!/bin/sh
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" XDG_DATA_HOME=$work
cd "$PWD"
feed() {
	ffmpeg -loglevel error -re -stream_loop -1 -framerate 15 -f mjpeg -i ../assets/demos/vehicles/clip.mjpeg -c copy -f v4l2 /dev/video9 &
	feeder=\$!
	for i in \$(seq 40); do
		v4l2-ctl -d /dev/video9 --list-formats | grep -q MJPG && return
		sleep 0.5
	done
	v4l2-ctl -d /dev/video9 --all
}
if modprobe v4l2loopback video_nr=9 exclusive_caps=1 card_label=Recorded; then
	feed
	RTV_LOOPBACK=/dev/video9 $work/camera.test -test.run Loopback -test.v -test.timeout 1m
	echo "loopback status \$?"
	# The smallest network: a machine that is emulated takes 17 s for a large one.
	timeout -s INT 90 ../build/reterminal-vision --headless --frames 20 --source /dev/video9 --models-dir ../models/trained \\
		--demo vehicles --model vehicle_yolov2_mobilenet_025_224_int8 >$work/results 2>$work/log.demo
	echo "demo status \$?, \$(grep -c sequence $work/results) results"
	kill \$feeder
	wait
fi
modprobe vivid n_devs=2 node_types=0x1,0x1 num_inputs=1,1 input_types=0,3
export RTV_V4L2_DEVICE=/dev/video0
$work/camera.test -test.run 'RealCamera|Devices|Vivid' -test.v -test.timeout 4m
echo "exit status \$?"
cd ../app
RTV_V4L2_HDMI=/dev/video1 $work/app.test -test.run 'TestCamera(Faults|TakesOver|ChangesSignal)' -test.v -test.timeout 5m
echo "faults status \$?"
END2
chmod +x "$work/run"
kernel=$(ls /boot/vmlinuz-* | tail -n 1)
# Without KVM it also runs inside containers and other virtual machines. A machine that did not come up tells nothing
# of the driver and is started once more.
for attempt in 1 2; do
	timeout 590 vng -r "$kernel" --disable-kvm --user root --cpus 2 --memory 2G --rwdir "$work" -- "$work/run" </dev/null 2>&1 | tee "$work/log"
	! grep -q '=== RUN' "$work/log" || break
done
grep -q 'exit status 0' "$work/log"
grep -q 'faults status 0' "$work/log"
if find /lib/modules -name 'v4l2loopback.ko*' | grep -q .; then
	grep -q 'loopback status 0' "$work/log"
	grep -Eq 'demo status 0, [1-9][0-9]* results' "$work/log" || { cat "$work/log.demo"; exit 1; }
fi
