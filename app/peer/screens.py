"""What the window costs, how soon the first result comes, and what memory is used: the app alone."""
import contextlib
import datetime
import json
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

from machine import APP, CORES, TITLES, OURS, bench, clip, cpu_seconds, screen, show, spread, workplace

DEMOS = {
    "vehicles": OURS["ssd"], "emotion": OURS["face_emotion"], "scene": OURS["segment"], "recognition": OURS["recognition"],
}
# Boxes, faces and a mask.
SHOWN = ["ssd", "face_emotion", "segment"]


def window(args):
    """Results a second and processor time with nothing shown, and with the window painting 30 and 60 times a second:
    first as many results as come, then pictures as from a camera of 30 and 60 a second."""
    only = [p for p in args.only if p in SHOWN]
    rows, table = [], []
    with workplace() as (folder, env), screen(env) as (seen, server):
        for pipeline in only:
            for pace in (0, 30, 60):
                for paints in (None, pace) if pace else (None, 30, 60):
                    flags = ["--frames", int(args.frames if not pace else min(args.frames, 6 * pace))]
                    flags += ["--pace", pace] if pace else []
                    flags += ["--window", "--paints", 0 if paints == 60 else paints] if paints else []
                    before, start = cpu_seconds(server.pid), time.monotonic()
                    row = bench(pipeline, CORES, folder, seen, *flags)
                    row["xvfb_cores"] = (cpu_seconds(server.pid) - before) / (time.monotonic() - start)
                    rows.append(row)
                    cost = row["cpu_ms_per_frame"] * row["fps"] / 1e3
                    table.append([TITLES[pipeline], f"{pace} a second" if pace else "all", f"{row['paints_per_second']:.0f}" if paints else "no window",
                                  f"{row['fps']:.1f}", row["dropped"], f"{row['cpu_ms_per_frame']:.2f}", f"{cost:.2f}", f"{row['xvfb_cores']:.2f}",
                                  f"{row['invoke_ms']:.2f}", f"{row['latency_ms']:.1f}", f"{row['allocs_per_frame']:.1f}", f"{row['gc_pause_max_ms']:.2f}"])
    Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
    show(["pipeline", "pictures", "paints/s", "results/s", "dropped", "CPU ms/result", "cores", "Xvfb cores", "invoke ms", "latency ms",
          "allocs/result", "longest GC pause ms"], table)
    print(f"{CORES} threads. The window is painted by Mesa's llvmpipe on the same cores that the network works on.\n")


# Lines of the app's log, in the order in which they come.
MILESTONES = {"process begins": "program and libraries loaded", "window shown": "window painted", "networks ready": "networks ready",
              "source open": "first picture", "first result": "first result"}


def first_result(command, env, wanted):
    """Runs the app until its log or its output holds all that is wanted; milliseconds to each milestone."""
    reached, text = {}, ""
    start = time.time()
    app = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while not wanted <= reached.keys():
            ready, _, _ = select.select([app.stdout, app.stderr], [], [], 30)
            if not ready:
                raise SystemExit(f"{', '.join(wanted)} did not come in 30 s:\n{text}")
            for stream in ready:
                more = os.read(stream.fileno(), 65536).decode(errors="replace")
                if not more and app.poll() is not None:
                    raise SystemExit(f"{' '.join(map(str, command))} ended:\n{text}")
                if stream is app.stdout:
                    reached.setdefault("first line", 1e3 * (time.time() - start))
                    continue
                text += more
                for stamp, said in re.findall(r'time=(\S+) level=\w+ msg="([^"]+)"', text):
                    if said in MILESTONES:
                        at = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
                        reached.setdefault(said, 1e3 * (at - start))
        return reached, mapped(last_child(app.pid))
    finally:
        app.send_signal(signal.SIGTERM)
        app.communicate()


def mapped(pid):
    """The files that the process has in its memory."""
    with open(f"/proc/{pid}/maps") as maps:
        return {line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) == 6 and "/" in line.split(None, 5)[5]}


def forget(files):
    """Has the kernel drop what it keeps in memory of the files, where no other process holds them mapped."""
    os.sync()
    for file in files:
        with contextlib.suppress(OSError):
            f = os.open(file, os.O_RDONLY)
            os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(f)


def start(args):
    """Time from the start of the process to the first result: without a window and with, with the files in the page
    cache and without."""
    table, kept = [], []
    models = [str(p) for p in Path(clip("..")).resolve().parent.glob("models/*.tflite")]
    with workplace() as (folder, env), screen(env) as (seen, _):
        for name in ("vehicles", "emotion", "scene"):
            for shown in (False, True):
                command = [APP, "--verbose", *DEMOS[name], *([] if shown else ["--headless", "--unpaced"])]
                # A result is seen once the window is painted, too, and with it at the next paint, a sixtieth of a second later.
                wanted = {"first result", "window shown"} if shown else {"first line"}
                _, files = first_result(command, seen, wanted)  # whatever is kept on disk for the next start is there now
                for cached in (True, False):
                    runs = []
                    for _ in range(args.rounds):
                        if not cached:
                            forget(files | set(models) | {clip("traffic/cars.mp4"), clip("people/test_dance.mp4")})
                        runs.append(first_result(command, seen, wanted)[0])
                    for r in runs:
                        r["seen"] = max(r[m] for m in wanted)
                    reached = {m: spread([r[m] for r in runs]) for m in runs[0] if all(m in r for r in runs)}
                    kept.append({"demo": name, "window": shown, "cached": cached, "ms": reached})
                    total = reached["seen"]
                    table.append([name, "yes" if shown else "no", "warm" if cached else "dropped", f"{total['median']:.0f} ({total['low']:.0f}-{total['high']:.0f})"]
                                 + [f"{reached[m]['median']:.0f}" if m in reached else "" for m in MILESTONES])
    Path(args.json).write_text(json.dumps(kept, indent=1) + "\n")
    show(["demo", "window", "page cache", "result seen, ms"] + list(MILESTONES.values()), table)
    print(f"Medians of {args.rounds} starts, least and most in brackets. dropped: the program, its libraries, networks and footage are read from the disk again, "
          "but for libraries that the X server holds mapped.\n")


def memory(args):
    """What the app uses with its window open and one demo running, and whose it is."""
    table, kept = [], []
    with workplace() as (folder, env), screen(env) as (seen, _):
        for name in args.only:
            app = subprocess.Popen([APP, *DEMOS[name]], env=seen, stderr=subprocess.DEVNULL)
            time.sleep(12)
            worker = last_child(app.pid)
            row = {"demo": name, **split(worker), "supervisor": split(app.pid)["rss"] if worker != app.pid else 0}
            app.send_signal(signal.SIGTERM)
            app.wait()
            kept.append(row)
            table.append([name] + [f"{row[k]:.0f}" for k in ("rss", "peak", "anonymous", "files", "drawing_files", "ffmpeg_files", "own_files", "model", "supervisor")])
    Path(args.json).write_text(json.dumps(kept, indent=1) + "\n")
    show(["demo", "RSS MB", "peak", "anonymous", "of files", "Mesa, LLVM and X", "FFmpeg", "program and TFLite", "model files", "supervisor's RSS"], table)


def last_child(pid):
    """The process that does the work where another looks after it; else the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    children = [c for c in children if Path(f"/proc/{c}/exe").resolve() == APP]
    return int(children[-1]) if children else pid


# Whose a mapped file is, by its name.
OWNERS = {"drawing_files": r"LLVM|_dri|gallium|libGL|glapi|libX|libxcb|libdrm|libz3|libedit", "ffmpeg_files": r"libav|libsw|libx26|libvpx|libaom|libcodec|libSvt|libdav|librsvg",
          "model": r"\.tflite", "own_files": r"reterminal-vision|tensorflowlite"}


def split(pid):
    """Megabytes resident, by whose they are."""
    status = dict(re.findall(r"(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()))
    row = {key: int(status[field]) / 1024 for key, field in
           {"rss": "VmRSS", "peak": "VmHWM", "anonymous": "RssAnon", "files": "RssFile", "shared": "RssShmem"}.items()}
    row.update(dict.fromkeys(OWNERS, 0.0))
    mappings, file = {}, ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            parts = line.split(None, 5)
            file = parts[5] if len(parts) == 6 else "anonymous"
            anonymous = 0
        elif line.startswith("Rss:"):
            mappings[file] = mappings.get(file, 0) + int(line.split()[1]) / 1024
        elif line.startswith("Anonymous:") and "/" in file:
            mappings[file] -= int(line.split()[1]) / 1024
    for path, size in mappings.items():
        owner = next((o for o, pattern in OWNERS.items() if re.search(pattern, Path(path).name)), None)
        if owner and "/" in path:
            row[owner] += size
    row["mappings"] = {p: round(s, 1) for p, s in sorted(mappings.items(), key=lambda m: -m[1])[:40]}
    return row
