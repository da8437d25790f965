"""Writes the table of models/trained/README.md from the figures that the recipes left in models/trained/*.json.

usage: cards.py [models/trained]
"""
import glob
import json
import os
import sys

BEGIN, END = "<!-- table: written by cards.py -->", "<!-- end of table -->"
TITLES = {"float": "FP32", "dynamic": "dynamic range", "int8": "INT8", "sparse": "FP32, sparse"}


def number(v):
    return "%d" % v if v == int(v) and abs(v) >= 2 else "%.3f" % v


def figures(v):
    """What a variant reaches: on left-out sources with its 95 % interval, then what else was measured."""
    left_out = ["**%s %s (%s to %s)**" % (k, number(f["value"]), number(f["low"]), number(f["high"])) for k, f in v.get("left_out", {}).items()]
    return ", ".join(left_out + ["%s %s" % (k, number(x)) for k, x in v["metrics"].items() if k not in v.get("left_out", {})])


def lines(path):
    report = json.load(open(path))
    name = os.path.splitext(os.path.basename(path))[0]
    for variant, v in report["variants"].items():
        yield "| %s | %s | %d%s | %.1f | %.3f | %.1f | %s |" % (
            name, TITLES[variant], round(v["bytes"] / 1000), "" if v["shipped"] else "\\*", v["invoke_ms"], report["parameters"] / 1e6,
            report["macs"] / 1e6, figures(v))
        name = ""


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "trained")
    table = ["| network | variant | kB | Invoke ms | M parameters | M MACs | on left-out sources (95 % interval), and more |", "|---|---|---|---|---|---|---|"]
    for path in sorted(glob.glob(folder + "/*.json")):
        table += lines(path)
    card = os.path.join(folder, "README.md")
    text = open(card).read()
    before, rest = text.split(BEGIN)
    with open(card, "w") as f:
        f.write(before + BEGIN + "\n" + "\n".join(table) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
