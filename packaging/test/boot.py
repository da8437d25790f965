"""Runs the virtual machine of boot.sh and does what the guest asks for.

    python3 packaging/test/boot.py FOLDER

In: FOLDER with disk, vmlinuz and initrd. Out: NAME.png for each picture of the
screen that the guest asked for, console.log and guest.log. Ends with 1 unless
all was well.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

LIMIT = 60 * 60  # s, without KVM
WIDTH, HEIGHT = 720, 1280  # the reTerminal's panel


class Monitor:
    """QEMU's own connection."""

    def __init__(self, path):
        self.socket = connected(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        for line in self.lines:
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError("the machine is gone")

    def tap(self, x, y):
        for name, value, size in (("x", x, WIDTH), ("y", y, HEIGHT)):
            self.do("input-send-event", events=[{"type": "abs", "data": {"axis": name, "value": value * 32767 // size}}])
        for down in (True, False):
            self.do("input-send-event", events=[{"type": "btn", "data": {"down": down, "button": "left"}}])
            time.sleep(0.3)


def connected(path):
    for _ in range(100):
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            return s
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {path}")


def main(folder):
    folder = pathlib.Path(folder).resolve()
    os.chdir(folder)
    machine = subprocess.Popen([
        "qemu-system-x86_64", "-machine", "q35", "-accel", os.environ.get("RTV_ACCEL", "tcg"), "-cpu", os.environ.get("RTV_CPU", "Nehalem"), "-smp", "2", "-m", "2048",
        "-kernel", "vmlinuz", "-initrd", "initrd", "-append", "root=/dev/vda rw console=ttyS0 loglevel=5 systemd.show_status=1 systemd.journald.forward_to_console=1",
        "-drive", "file=disk,format=raw,if=virtio,cache=unsafe", "-nic", "none", "-display", "none", "-vga", "none",
        "-device", f"virtio-vga,edid=on,xres={WIDTH},yres={HEIGHT}", "-device", "virtio-tablet-pci", "-device", "virtio-rng-pci",
        "-serial", "file:console.log", "-chardev", "socket,id=guest,path=guest,server=on,wait=off", "-serial", "chardev:guest",
        "-qmp", "unix:monitor,server=on,wait=off",
    ], stdin=subprocess.DEVNULL)
    well = False
    try:
        monitor = Monitor("monitor")
        guest = connected("guest")
        guest.settimeout(LIMIT)
        with open("guest.log", "w") as log:
            for line in guest.makefile("r", errors="replace"):
                log.write(line)
                log.flush()
                words = line.split()
                if words[:1] != ["RTV"]:
                    continue
                print(line.rstrip()[4:], flush=True)
                well = well or words[1:] == ["all", "is", "well"]
                answer = "done"
                if words[1:2] == ["shot"]:
                    monitor.do("screendump", filename=f"{words[2]}.png", format="png")
                    answer += " " + subprocess.check_output(["identify", "-format", "%k", f"{words[2]}.png"], text=True)
                elif words[1:2] == ["tap"]:
                    monitor.tap(int(words[2]), int(words[3]))
                else:
                    continue
                guest.sendall(f"{answer}\n".encode())
        machine.wait(120)
    finally:
        machine.kill()
    sys.exit(not well)


if __name__ == "__main__":
    main(sys.argv[1])
