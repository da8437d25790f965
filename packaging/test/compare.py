"""Compares what two machines' networks found in the same pictures.

    python3 packaging/test/compare.py FOLDER FOLDER [SLOW...]

Each folder has a DEMO.jsonl of `reterminal-vision --headless` for each demo.
Kernels differ between processors, so that scores move a little, and what is
next to the threshold may be seen by one alone. The second may lack the results
of a demo that is named as too slow for it.
"""

import json
import pathlib
import sys

SCORE = 0.06  # that a score may move
EDGE = 0.08  # above the least score of the demo, within which one alone may see a thing
SHIFT = 0.04  # of the picture's width, that a corner may move


def objects(line):
    return line["objects"]


def classes(line):
    return {c["label"]: c["score"] for c in line.get("classes", [])}


def shares(line):
    return {c["label"]: c["share"] for c in line.get("mask", {}).get("shares", [])}


def match(thing, others, width):
    for other in others:
        if other["label"] == thing["label"] and abs(other["score"] - thing["score"]) <= SCORE:
            if all(abs(a - b) <= SHIFT * width for a, b in zip(other["box"], thing["box"])):
                return other
    return None


def values(thing):
    return {a["name"]: (a["value"], a.get("score", 1)) for a in thing.get("attributes", [])}


def compare(demo, ours, theirs):
    """Returns how many things were compared, what differs, and how far scores are apart."""
    count, wrong, moved = 0, [], 0.0
    least = min([o["score"] for line in ours + theirs for o in objects(line)], default=0)
    for a, b in zip(ours, theirs):
        where = f"{demo}, picture {a['sequence']}"
        if a["sequence"] != b["sequence"]:
            wrong.append(f"{where}: the other is picture {b['sequence']}")
            continue
        for first, second in ((a, b), (b, a)):
            for thing in objects(first):
                count += 1
                other = match(thing, objects(second), a["width"])
                if other is None:
                    if thing["score"] > least + EDGE:
                        wrong.append(f"{where}: {thing['label']} {thing['score']} at {thing['box']} is seen by one alone")
                    continue
                moved = max(moved, abs(other["score"] - thing["score"]))
                for name, (value, score) in values(thing).items():
                    there, there_score = values(other).get(name, (None, 0))
                    if there != value and min(score, there_score) > 0.6:
                        wrong.append(f"{where}: {name} is {value} ({score}) and {there} ({there_score})")
        for name, told in (("classes", classes), ("mask", shares)):
            one, two = told(a), told(b)
            for label in one.keys() | two.keys():
                count += 1
                difference = abs(one.get(label, 0) - two.get(label, 0))
                moved = max(moved, difference)
                if difference > SCORE and max(one.get(label, 0), two.get(label, 0)) > EDGE:
                    wrong.append(f"{where}: {name} {label} is {one.get(label)} and {two.get(label)}")
    return count, wrong, moved


def main(one, two, *slow):
    bad = False
    for path in sorted(pathlib.Path(one).glob("*.jsonl")):
        if not (pathlib.Path(two) / path.name).exists():
            print(f"{path.stem}: not compared, {two} has none" + (", as it is too slow there" if path.stem in slow else ": FAILED"))
            bad = bad or path.stem not in slow
            continue
        ours = [json.loads(line) for line in path.read_text().splitlines()]
        theirs = [json.loads(line) for line in (pathlib.Path(two) / path.name).read_text().splitlines()]
        if not ours or not theirs:
            print(f"{path.stem}: {len(ours)} and {len(theirs)} results")
            bad = True
            continue
        count, wrong, moved = compare(path.stem, ours, theirs)
        print(f"{path.stem}: {min(len(ours), len(theirs))} pictures, {count} things compared, scores apart by {moved:.4f} at most, {len(wrong)} differ")
        for line in wrong[:5]:
            print("  " + line)
        bad = bad or len(wrong) > 0.02 * count
    sys.exit(bad)


if __name__ == "__main__":
    main(*sys.argv[1:])
