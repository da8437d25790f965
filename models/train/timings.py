"""Times every variant of every network anew, one after the other, so that the figures beside them compare.

usage: timings.py [--work build/train]

Reads ../trained/*.json and the .tflite files there and in --work, writes invoke_ms into those .json files: the median of
60 runs, one thread, XNNPACK. Leave the machine alone meanwhile.
"""
import argparse
import glob
import json
import os

import recipe
import tflite

TRAINED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "trained")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default="build/train")
    a = parser.parse_args()
    for path in sorted(glob.glob(TRAINED + "/*.json")):
        with open(path) as f:
            report = json.load(f)
        for variant, v in report["variants"].items():
            name = "%s_%s.tflite" % (os.path.basename(path)[:-len(".json")], variant)
            file = os.path.join(TRAINED if v["shipped"] else a.work, name)
            v["invoke_ms"] = round(recipe.invoke_ms(tflite.Network(file)), 2)
            print("%8.2f  %s" % (v["invoke_ms"], name))
        with open(path, "w") as f:
            json.dump(report, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
