#!/usr/bin/env python3
"""Compares the app with a straightforward Python script, side by side on this machine, and measures what
the window costs, how soon the first result comes, and what memory is used.

    compare.py speed  [--rounds N] [--only PIPELINE,...] [--threads N,...] [--peer FILE] [--json FILE] [--add]
    compare.py window [--frames N] [--only PIPELINE,...]      needs Xvfb
    compare.py start  [--rounds N]                            needs Xvfb
    compare.py memory [--only DEMO,...]                       needs Xvfb

`speed` alternates: in every round each pipeline is run by the app as it is by default, by the app with
--raw, by the app with --skip motion, and by the script. With --raw the app does for every frame what
the script does: every network, every face, nothing smoothed or skipped. As it is by default it leaves out
what need not be done anew; with --skip motion the detector looks at some frames only, and boxes are carried.
--add keeps the rounds that the JSON file has and goes on from them. --peer names another script, which
has to take PIPELINE THREADS 1 and print one line of JSON as peer.py does.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import screens
from machine import APP, CORES, OURS, PROJECT, SHARED, TITLES, bench, run, show, spread, workplace

HERE = Path(__file__).resolve().parent
MODES = {"default": [], "plain": ["--raw"], "saving": ["--skip", "motion"]}
# Goals are for networks that run.
JUDGED = ("default", "plain")

# Least end-to-end over Invoke-only rate and least rate over the script's, on one thread and on all cores.
GOALS = {
    "ssd": {1: (0.98, 1.05), "all": (0.95, 1.05)}, "face_emotion": {1: (0.97, 1.9), "all": (0.85, 1.9)},
    "segment": {1: (0.98, 1.3), "all": (0.90, 1.4)}, "segment_slow": {1: (0.98, 2.4), "all": (0.90, 3.0)},
}
# Frames of a pipeline that takes too long for all of them; 0 for all.
FRAMES = {"yolo": 150}

# Names that other scripts have for a pipeline.
ALIASES = {"segment_slow": "segment_seeedpost"}


def script(path, pipeline, threads, env):
    """One run of a script in the environment of its own packages."""
    python = PROJECT / "build/peer-venv/bin/python"
    names = [pipeline] if path == HERE / "peer.py" else [ALIASES.get(pipeline, pipeline)]
    return json.loads(run([python, path, *names, str(threads), "1"], env).splitlines()[-1])


def knows(path, pipeline):
    return path == HERE / "peer.py" or ALIASES.get(pipeline, pipeline) in path.read_text()


def enrol(env):
    """The people that the script knows, too; how many were taken."""
    taken = 0
    for picture in sorted((SHARED / "media/recognition").glob("img*.jpg")):
        try:
            run([APP, "people", "add", picture.stem, picture], env)
            taken += 1
        except SystemExit:
            pass  # the app insists on good pictures
    return taken


def work(pipeline, env, frames):
    """What the app finds in the first frames of the footage with every network run for every frame."""
    app = subprocess.Popen([APP, "--headless", "--unpaced", "--raw", *OURS[pipeline]], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = [json.loads(line) for line, _ in zip(app.stdout, range(frames))]
    app.terminate()
    app.communicate()
    labels, people = Counter(), []
    for frame in found:
        for thing in frame["objects"]:
            told = [a["value"] for a in thing.get("attributes", [])]
            labels[told[0] if told else thing["label"]] += 1
        people += [c["share"] for c in frame.get("mask", {}).get("shares", []) if c["label"] == "person"]
    return {"frames": len(found), "dets_per_frame": sum(len(f["objects"]) for f in found) / len(found), "label_hist": labels,
            "person_px_frac_mean": sum(people) / len(found) if people else None}


def alike(ours, theirs):
    """Whether both found the same, but for what other rounding at a threshold does."""
    if theirs.get("person_px_frac_mean") is not None:
        return abs(ours["person_px_frac_mean"] - theirs["person_px_frac_mean"]) < 0.02
    return abs(ours["dets_per_frame"] - theirs["dets_per_frame"]) <= 0.05 * max(theirs["dets_per_frame"], 1)


def speed(args):
    peer = Path(args.peer).resolve() if args.peer else HERE / "peer.py"
    file = Path(args.json)
    kept = json.loads(file.read_text()) if args.add and file.exists() else {"rounds": [], "work": {}}
    threads = [int(n) for n in args.threads.split(",")]
    with workplace() as (folder, env):
        people = enrol(env) if "recognition" in args.only else 0
        for number in range(args.rounds):
            for pipeline in args.only:
                if not knows(peer, pipeline):
                    continue
                for n in threads:
                    row = {"pipeline": pipeline, "threads": n}
                    for mode, flags in MODES.items():
                        row[mode] = bench(pipeline, n, folder, env, "--frames", FRAMES.get(pipeline, 0), *flags)
                    row["peer"] = script(peer, pipeline, n, env)
                    kept["rounds"].append(row)
                    if pipeline not in kept["work"]:
                        kept["work"][pipeline] = {"ours": work(pipeline, env, row["peer"]["frames"]), "peer": row["peer"]["output_check"], "enrolled": people}
            print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
    kept["peer"] = str(peer.name)
    kept["machine"] = {"cores": CORES, "system": platform.platform(), "cpu": cpu_name(), "python": platform.python_version()}
    kept["summary"] = summarize(kept["rounds"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=1) + "\n")
    tell(kept)


def cpu_name():
    names = [l.partition(":")[2].strip() for l in Path("/proc/cpuinfo").read_text().splitlines() if l.startswith("model name")]
    return names[0] if names else platform.machine()


def summarize(rounds):
    """Of each pipeline, thread count and mode the medians and spreads, and whether the goals are met."""
    rows = []
    for pipeline in OURS:
        for threads in sorted({r["threads"] for r in rounds}):
            same = [r for r in rounds if r["pipeline"] == pipeline and r["threads"] == threads]
            for mode in MODES if same else ():
                goal = GOALS.get(pipeline, {}).get(1 if threads == 1 else "all" if threads == CORES else None)
                row = {
                    "pipeline": pipeline, "threads": threads, "mode": mode, "rounds": len(same), "lanes": same[0][mode]["lanes"],
                    "fps": spread([r[mode]["fps"] for r in same]), "peer_fps": spread([r["peer"]["fps_e2e"] for r in same]),
                    "over_invoke": spread([r[mode]["fps_over_invoke"] for r in same]),
                    "peer_over_invoke": spread([r["peer"]["ratio_e2e_over_invoke"] for r in same]),
                    "over_peer": spread([r[mode]["fps"] / r["peer"]["fps_e2e"] for r in same]),
                    "cpu_ms_per_frame": statistics.median(r[mode]["cpu_ms_per_frame"] for r in same), "goal": goal,
                }
                if goal and mode in JUDGED:
                    row["met"] = [row["over_invoke"]["median"] >= goal[0], row["over_peer"]["median"] >= goal[1]]
                rows.append(row)
    return rows


def tell(kept):
    def figure(s, places=3):
        return f"{s['median']:.{places}f} ({s['low']:.{places}f}-{s['high']:.{places}f})"

    def against(row, which):
        if "met" not in row:
            return ""
        return f" {'>=' if row['met'][which] else 'MISSES'} {row['goal'][which]:.2f}"

    show(["pipeline", "threads", "app", "lanes", "our FPS", "end-to-end / Invoke", "their FPS", "theirs / Invoke", "ours / theirs"], [
        [TITLES[r["pipeline"]], r["threads"], r["mode"], r["lanes"], figure(r["fps"], 1), figure(r["over_invoke"]) + against(r, 0),
         figure(r["peer_fps"], 1), figure(r["peer_over_invoke"]), figure(r["over_peer"], 2) + against(r, 1)] for r in kept["summary"]])
    rounds = {r["rounds"] for r in kept["summary"]}
    print(f"Medians of {'-'.join(str(n) for n in sorted(rounds))} rounds, least and most in brackets; theirs is {kept['peer']}.\n"
          "plain: the app runs every network for every frame and face, as the script does. default: as it comes. saving: boxes carried between looks.\n")
    show(["pipeline", "found a frame, ours", "theirs", "same work"], [
        [TITLES[p], found(w["ours"]), found(w["peer"]), "yes" if alike(w["ours"], w["peer"]) else "NO"] for p, w in kept["work"].items()])


def found(check):
    if check.get("person_px_frac_mean") is not None:
        return f"person on {check['person_px_frac_mean']:.1%} of the picture"
    things = ", ".join(f"{n} {label}" for label, n in sorted(check["label_hist"].items(), key=lambda kv: -kv[1])[:4])
    return f"{check['dets_per_frame']:.2f}: {things}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "window", "start", "memory"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="pipelines or demos, comma-separated")
    parser.add_argument("--threads", default=",".join(str(n) for n in sorted({1, CORES})))
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--peer")
    parser.add_argument("--json", default=None)
    parser.add_argument("--add", action="store_true")
    args = parser.parse_args()
    args.json = args.json or str(PROJECT / f"build/compare-{args.what}.json")
    if not APP.exists():
        sys.exit("the app is not built: make build")
    if not (SHARED / "models").is_dir():
        sys.exit(f"{SHARED} has no models: set RTV_SHARED")
    known = screens.DEMOS if args.what == "memory" else list(OURS)
    args.only = args.only.split(",") if args.only else known
    unknown = set(args.only) - set(known)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; choose of {', '.join(known)}")
    {"speed": speed, "window": screens.window, "start": screens.start, "memory": screens.memory}[args.what](args)


if __name__ == "__main__":
    main()
