"""Writes ../QUALITY.md: figures on sources that no training step saw, of the networks now, before and of published ones.

usage: quality.py [--trained DIR] [--before FILE] [--out FILE]

Reads "left_out" of the 8-bit variants in trained/*.json, which the recipes write, and before.json: the same by network,
with what the networks before and published ones reached, and the goal:

    left_out     {"figure": {"value": v, "low": l, "high": h, "per_source": {"source": {"value": v}}}}
    before.json  {"network": {"figure": {"value": v, "low": l, "high": h, "published": {"name": v}, "goal": g, "less": true}}}

low and high bound the confidence interval; all but value may be missing; less says that a smaller figure is better.
"""
import argparse
import glob
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = """# Figures on left-out sources

Each figure is of pictures from sources (cameras, persons, groups, data sets) that no training step of the network saw; in
brackets its 95 % interval, then the least and the largest of the sources. "Before" and "published" were measured on other
pictures of such sources, through the app. Written by `make quality`.

"""
COLUMNS = ["network", "figure", "now", "by source", "before", "published", "goal", ""]


def number(v):
    return "%.1f" % v if abs(v) >= 2 else "%.3f" % v


def told(figure):
    """A figure with its confidence interval."""
    if "value" not in figure:
        return "-"
    interval = " [%s, %s]" % (number(figure["low"]), number(figure["high"])) if "low" in figure and "high" in figure else ""
    return number(figure["value"]) + interval


def sources(figure):
    values = sorted(((k, f["value"]) for k, f in figure.get("per_source", {}).items()), key=lambda kv: kv[1])
    if not values:
        return "-"
    ends = values if len(values) == 1 else [values[0], values[-1]]
    return " to ".join("%s (%s)" % (number(v), name) for name, v in ends)


def verdict(now, goal, less):
    if goal is None or "value" not in now:
        return ""
    return "met" if (now["value"] <= goal if less else now["value"] >= goal) else "missed"


def rows(name, now, before):
    """A row for each figure of one network."""
    for figure in list(now) + [f for f in before if f not in now]:
        n, b = now.get(figure, {}), before.get(figure, {})
        goal, less = b.get("goal"), b.get("less", False)
        published = ", ".join("%s %s" % (k, number(v)) for k, v in b.get("published", {}).items())
        yield [name, figure, told(n), sources(n), told(b), published or "-", "-" if goal is None else number(goal), verdict(n, goal, less)]
        name = ""


def table(trained, before):
    lines = ["| %s |" % " | ".join(COLUMNS), "|%s" % ("---|" * len(COLUMNS))]
    for name in sorted({*trained, *before}):
        lines += ["| %s |" % " | ".join(row) for row in rows(name, trained.get(name, {}), before.get(name, {}))]
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--trained", default=HERE + "/../trained")
    p.add_argument("--before", default=HERE + "/before.json")
    p.add_argument("--out", default=HERE + "/../QUALITY.md")
    a = p.parse_args()
    trained = {}
    for path in glob.glob(a.trained + "/*.json"):
        variants = json.load(open(path))["variants"]
        trained[os.path.basename(path)[:-len(".json")]] = variants.get("int8", {}).get("left_out", {})
    before = json.load(open(a.before)) if os.path.exists(a.before) else {}
    with open(a.out, "w") as f:
        f.write(HEAD + table(trained, before))


if __name__ == "__main__":
    main()
