#!/usr/bin/env python3
"""Runs the app's build for arm64 under qemu-user and this machine's own on the same pictures, and compares what
they find: whether the NEON code and the library for arm64 are right, not how fast they are.

    arm64.py [FRAMES]

What differs is rounding: XNNPACK has other kernels on each. So classes have to be the same, boxes to lie over
each other, and scores and shares of a mask to be close; a thing near the threshold may be there or not. Only the project's own networks are run: of larger ones the
app takes a frame under qemu for a network that hangs.
"""
import json
import subprocess
import sys

from machine import APP, PROJECT, show, workplace

ARM64 = PROJECT / "build/arm64/reterminal-vision"
TRAINED = ["--models-dir", str(PROJECT / "models/trained")]
CASES = {
    "vehicles, int8 YOLO": ["--demo", "vehicles", "--model", "vehicle_yolov2_mobilenet_025_224_int8", "--source", "builtin:traffic", *TRAINED],
    "vehicles, float YOLO": ["--demo", "vehicles", "--model", "vehicle_yolov2_mobilenet_025_224_float", "--source", "builtin:traffic", *TRAINED],
    "belt, int8 classifier": ["--demo", "belt", "--source", "builtin:belt", *TRAINED],
    "lungs, int8 mask": ["--demo", "lungs", "--source", "builtin:lungs", *TRAINED],
    "emotion, int8, two networks": ["--demo", "emotion", "--source", "builtin:faces", *TRAINED],
    "anti-spoofing, float": ["--demo", "anti-spoofing", "--model", "liveness_mobilenet_025_128_float", "--source", "builtin:faces", *TRAINED],
    "recognition, int8, aligned": ["--demo", "recognition", "--source", "builtin:faces", *TRAINED],
}
SCORE, OVERLAP, SHARE, SURE = 0.1, 0.8, 0.02, 0.1


class Unfinished(Exception):
    """The app ended before it had worked on all frames."""


def lines(runner, arguments, env, frames):
    """What is found in the first frames."""
    app = subprocess.Popen([*runner, *arguments, "--headless", "--unpaced", "--raw", "--threads", "1"], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    found = [json.loads(line) for line, _ in zip(app.stdout, range(frames))]
    app.terminate()
    _, log = app.communicate()
    if len(found) < frames:
        raise Unfinished(f"{len(found)} results, then: {log.strip().splitlines()[-1] if log.strip() else 'nothing'}")
    return found


def overlap(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0) * max(high, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def differences(here, there, least):
    """What is not the same in two results, and how far apart the scores are."""
    wrong, furthest = [], 0.0
    left = list(there["objects"])
    for thing in here["objects"]:
        same = [o for o in left if o["label"] == thing["label"] and overlap(o["box"], thing["box"]) >= OVERLAP]
        if same:
            left.remove(same[0])
            furthest = max(furthest, abs(same[0]["score"] - thing["score"]))
        elif thing["score"] > least + SURE:
            wrong.append(f"{thing['label']} {thing['score']:.2f} is missing")
    wrong += [f"{o['label']} {o['score']:.2f} is new" for o in left if o["score"] > least + SURE]
    classes = [r["classes"][0] for r in (here, there) if r.get("classes")]
    if len(classes) == 2:
        furthest = max(furthest, abs(classes[0]["score"] - classes[1]["score"]))
        if classes[0]["label"] != classes[1]["label"] and classes[0]["score"] > 0.5 + SURE:
            wrong.append(f"{classes[0]['label']} became {classes[1]['label']}")
    shares = [{c["label"]: c["share"] for c in r.get("mask", {}).get("shares", [])} for r in (here, there)]
    for label in shares[0].keys() | shares[1].keys():
        apart = abs(shares[0].get(label, 0) - shares[1].get(label, 0))
        furthest = max(furthest, apart)
        if apart > SHARE:
            wrong.append(f"{label} covers {shares[0].get(label, 0):.3f} and {shares[1].get(label, 0):.3f}")
    if furthest > SCORE:
        wrong.append(f"scores are {furthest:.2f} apart")
    return wrong, furthest


def main():
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    table, failed = [], 0
    with workplace() as (_, env):
        for name, arguments in CASES.items():
            try:
                here = lines([APP], arguments, env, frames)
                there = lines(["qemu-aarch64-static", ARM64], arguments, env, frames)
            except Unfinished as why:
                failed += 1
                table.append([name, frames, "", "", "", str(why)])
                continue
            least = min([o["score"] for f in here + there for o in f["objects"]], default=0)
            found = [differences(a, b, least) for a, b in zip(here, there)]
            wrong = [w for f, _ in found for w in f]
            failed += bool(wrong)
            table.append([name, frames, sum(len(f["objects"]) for f in here), sum(len(f["objects"]) for f in there),
                          f"{max(far for _, far in found):.4f}", "; ".join(wrong[:3]) or "same"])
    show(["network", "frames", "objects, amd64", "arm64", "furthest score or share", "outcome"], table)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
