#!/bin/bash
# What is done to the app within the virtual machine of boot.sh. A line to the
# host begins with RTV; 'RTV shot NAME' and 'RTV tap X Y' are answered with a
# line, that of a picture with how many colours it has.
export HOME=/root
say() { echo "RTV $*"; }
ask() {
	say "$@"
	read -r -t 120 _ answer || fail "the host does not answer $*"
}
# shot NAME: a picture of the screen once it shows more than a console or one plane; an emulated processor draws the
# first after half a minute
shot() {
	local end=$((SECONDS + 120))
	until ask shot "$1" && ((answer > 1000)); do
		((SECONDS < end)) || fail "$1.png has $answer colours: nothing is on the screen"
		sleep 5
	done
}
fail() {
	say "FAILED: $*"
	journalctl --no-pager --lines=80 --unit=reterminal-vision --unit=reterminal-vision-x --unit=seatd
	systemctl --no-pager --full status reterminal-vision
	say shot failed
	read -r -t 120 _
	poweroff
	exit 1
}
restarts() { systemctl show --property=NRestarts --value reterminal-vision; }
uptime_s() { cut -d. -f1 /proc/uptime; }
app() { pgrep --oldest --full '^/usr/bin/reterminal-vision --kiosk'; }
child() { pgrep --newest --parent "$(app)"; }

# active SECONDS: waits until the app is ready
active() {
	local end=$((SECONDS + $1))
	until [[ $(systemctl is-active reterminal-vision) == active ]]; do
		((SECONDS < end)) || return 1
		sleep 1
	done
}
# restarted NUMBER SECONDS: waits until it was started anew more often than that, and is ready
restarted() {
	local end=$((SECONDS + $2))
	until (($(restarts) > $1)); do
		((SECONDS < end)) || return 1
		sleep 1
	done
	active 900
}

# opened NAME: how often a demo has shown its built-in footage of this name
opened() { journalctl --no-pager --output=cat --unit=reterminal-vision | grep -c "source open.*$1"; }
# shown NAME NUMBER SECONDS: waits until it was shown more often than that
shown() {
	local end=$((SECONDS + $3))
	until (($(opened "$1") > $2)); do
		((SECONDS < end)) || return 1
		sleep 2
	done
}
# tap X Y NAME [TRIES]: what is touched there, on the panel as it is built in, opens the demo with this footage
tap() {
	local n try
	n=$(opened "$3")
	for ((try = 0; try < ${4:-1}; try++)); do
		ask tap "$1" "$2"
		! shown "$3" "$n" 120 || break
	done
	(($(opened "$3") > n)) || fail "a tap at $1 $2 does not open $3; opened: $(journalctl --no-pager --output=cat --unit=reterminal-vision | grep 'source open' | tail -n 1)"
	say "a tap at $1 $2 opens $3"
}

active 900 || fail 'the unit does not become active'
say "active: the unit, $(uptime_s) s after the start; restarts: $(restarts)"
systemctl show --property=ActiveState,SubState,Type,WatchdogUSec,NotifyAccess,MainPID reterminal-vision | sed 's/^/RTV   /'
systemctl get-default | sed 's/^/RTV   default target /'
sleep 15
shot 1-booted
tap 200 500 'conveyor belt'
sleep 10
shot 2-demo

# The app's own parent starts a child that hangs again, and systemd learns nothing of it.
n=$(restarts) from=$(uptime_s) shows=$(opened 'conveyor belt') old=$(child)
kill -STOP "$old"
shown 'conveyor belt' "$shows" 300 || fail 'a hung child is not started again in its demo'
[[ $(child) != "$old" ]] || fail 'a hung child still runs'
(($(restarts) == n)) || fail 'the unit was restarted because the child hung'
say "hung: the app is back in its demo after $(($(uptime_s) - from)) s; restarts of the unit: $(($(restarts) - n))"
sleep 10
shot 3-after-hang

n=$(restarts) from=$(uptime_s)
kill -9 "$(app)"
restarted "$n" 400 || fail 'a killed app does not come back'
say "killed: back and ready after $(($(uptime_s) - from)) s; restarts: $(restarts)"
sleep 10
shot 4-after-kill

n=$(restarts) from=$(uptime_s)
kill -STOP "$(app)"
restarted "$n" 600 || fail 'a parent that hangs is not restarted'
say "its parent hung: restarted by the watchdog and ready after $(($(uptime_s) - from)) s; restarts: $(restarts)"
journalctl --no-pager --output=cat --unit=reterminal-vision --grep='[Ww]atchdog|in a row' | sed 's/^/RTV   /'

# The memory that the app needs is taken away, and the kernel ends it.
n=$(restarts) from=$(uptime_s)
echo 90M >/sys/fs/cgroup/system.slice/reterminal-vision.service/memory.max || fail 'its memory cannot be limited'
for ((i = 0; i < 600; i++)); do (($(grep -c . /sys/fs/cgroup/system.slice/reterminal-vision.service/cgroup.procs) && $(restarts) == n)) || break; sleep 1; done
echo max >/sys/fs/cgroup/system.slice/reterminal-vision.service/memory.max 2>/dev/null
restarted "$n" 600 || fail 'an app that was out of memory does not come back'
say "out of memory ($(journalctl --no-pager --dmesg --output=cat | grep -c 'Killed process') killed): back and ready after $(($(uptime_s) - from)) s; restarts: $(restarts)"

# The clock leaps, ahead by more than people are kept and back, before a list of them.
people() { reterminal-vision kiosk run people list; }
list=$(people)
[[ $list == *Ada* ]] || fail 'nobody is enrolled'
n=$(restarts) from=$(date +%s)
for leap in '+3000 days' '-6000 days'; do
	date --set "$leap" >/dev/null
	sleep 30
	[[ $(people) == "$list" ]] || fail "the clock leapt $leap: people are lost"
	[[ $(systemctl is-active reterminal-vision) == active ]] || fail "the clock leapt $leap: the app does not run"
done
date --set "@$((from + 60))" >/dev/null
(($(restarts) == n)) || fail 'the app was started anew because the clock leapt'
say "the clock leapt 3000 days ahead and 6000 back: everybody is there, restarts: $(restarts)"
shot 5-after-leap

systemd-analyze --no-pager security --threshold=26 reterminal-vision >/tmp/security || fail "less shut in than 2.6: $(tail -n 1 /tmp/security)"
say "shut in: $(tail -n 1 /tmp/security)"
reads() { systemd-run --quiet --pipe --wait --property=DevicePolicy=closed --property='DeviceAllow=char-drm rw' head -c 1 "$1" >/dev/null 2>&1; }
reads /dev/zero || fail 'a list of devices shuts even those that are always open'
for file in /dev/vda /dev/ttyS0 /dev/mem; do
	! reads "$file" || fail "$file can be read in spite of a list of devices"
done
network=$(systemctl show --property=IPAddressAllow,IPAddressDeny reterminal-vision)
[[ $network =~ Deny=[^$'\n']*0\.0\.0\.0/0 && ! $network =~ Allow=[^$'\n']*0\.0\.0\.0/0 ]] || fail "NETWORK=no leaves the network open: $network"

reterminal-vision kiosk run doctor --json >/tmp/doctor.json || fail "doctor: $(cat /tmp/doctor.json)"
doctor=$(tr -d '\n' </tmp/doctor.json | grep -o '"id": "[a-z]*", *"name": "[^"]*", *"state": "[a-z]*"' | sed 's/"id": "\([a-z]*\)".*"state": "\([a-z]*\)"/\1=\2/' | tr '\n' ' ')
[[ $doctor == *display=pass* && $doctor == *library=pass* ]] || fail "doctor: $doctor"
say "doctor: $doctor"
# The host reads both bundles afterwards.
echo 'Ada Lovelace came by' >/dev/kmsg
mkdir -m 700 /root/reports
cd /root/reports || fail 'no folder'
SUDO_UID=1234 SUDO_GID=1234 reterminal-vision kiosk run doctor --bundle kiosk.zip >/dev/null || fail 'no bundle of the kiosk'
[[ $(stat -c '%u %g %a' kiosk.zip) == '1234 1234 600' ]] || fail "the bundle is $(stat -c '%u %g %a' kiosk.zip)"
reterminal-vision doctor --bundle root.zip >/dev/null
[[ -s root.zip ]] || fail 'no bundle of root'
say "bundles: $(stat -c '%n %s' ./*.zip | tr '\n' ' ')"

# The card of the vehicles is at the panel's upper right, and where touches did not turn there would be no card.
sed -i 's/^ROTATE=.*/ROTATE=90/' /etc/reterminal-vision/kiosk.conf
say "cage, turned by 90: $(reterminal-vision kiosk on 2>&1)"
active 900 || fail 'turned, it does not start'
sleep 20
shot 6-turned
tap 420 340 traffic 2 # where cage turns, the first one gets lost

sed -i 's/^ROTATE=.*/ROTATE=0/; s/^DISPLAY_SERVER=.*/DISPLAY_SERVER=x/; s/^NETWORK=.*/NETWORK=yes/' /etc/reterminal-vision/kiosk.conf
say "X: $(reterminal-vision kiosk on 2>&1)"
active 900 || fail 'it does not start through X'
sleep 20
shot 7-x
tap 200 500 'conveyor belt'
[[ $(systemctl show --property=IPAddressAllow reterminal-vision) == *0.0.0.0/0* ]] || fail 'NETWORK=yes leaves the network shut'

# Xorg does not turn this display, which has no GPU, and so touches must not turn either.
sed -i 's/^ROTATE=.*/ROTATE=270/' /etc/reterminal-vision/kiosk.conf
say "X, turned by 270: $(reterminal-vision kiosk on 2>&1)"
active 900 || fail 'turned, it does not start through X'
sleep 20
ask shot 8-x-turned # black here: Xorg turns a picture only where there is a GPU

say "off: $(reterminal-vision kiosk off 2>&1)"
[[ $(systemctl is-active reterminal-vision) != active ]] || fail 'kiosk mode off leaves the app running'
[[ $(systemctl get-default) != *kiosk* ]] || fail 'kiosk mode off leaves the target'
for ((i = 0; i < 60; i++)); do [[ $(systemctl is-active getty@tty1) != active ]] || break; sleep 1; done
[[ $(systemctl is-active getty@tty1) == active ]] || fail 'kiosk mode off brings no login on the console'
say "off: default target $(systemctl get-default), a login on the console is $(systemctl is-active getty@tty1)"
sleep 5
ask shot 9-off
say 'all is well'
journalctl --no-pager --unit=reterminal-vision --unit=reterminal-vision-x --unit=seatd --output=short-monotonic
poweroff
