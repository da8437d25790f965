"""Writes the entries of this project's networks into ../catalogue.json, from what the recipes left in ../trained/*.json.

usage: catalogue.py

Entries of networks that are not in ../trained any more go, here and from the lists of the demos.
"""
import glob
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TRAINED, CATALOGUE, DEMOS = HERE + "/../trained", HERE + "/../catalogue.json", HERE + "/../../assets/demos/*/demo.json"
SUFFIX = {"int8": ", 8 bit", "dynamic": ", dynamic range", "float": "", "sparse": ", sparse"}
VARIANT = {"float": "fp32"}  # where the catalogue has another word
# Lists and objects up to so many characters stay on one line.
ONE_LINE = 110


def tensor(text):
    """Name, shape and type from what tflite.Network.contract says."""
    name, shape, dtype = re.match(r"(\S+) (\[.*?\]) (\w+)", text).groups()
    return {"name": name, "shape": json.loads(shape), "dtype": dtype}


def entry(name, variant, report):
    v = report["variants"][variant]
    e = dict(report["entry"])
    file = "%s_%s.tflite" % (name, variant)
    if e["task"] == "embedding":
        e["threshold"] = round(v["metrics"]["threshold"], 2)
    roles, resize = e.pop("roles", {}), e.pop("resize", "stretch")
    given, *answers = [tensor(t) for t in v["tensors"]]
    return {
        "id": file[:-len(".tflite")], "title": e.pop("title") + SUFFIX[variant], "file": file, "url": "",
        "sha256": v["sha256"], "size": v["bytes"], "licence": "Apache-2.0", "source": e.pop("source", "This project"),
        **({"use": e.pop("use")} if "use" in e else {}),
        "variant": VARIANT.get(variant, variant), "family": name,
        "task": e.pop("task"), "input": {**given, "mean": 128, "std": 128, "resize": resize},
        "outputs": [{"role": roles.get(t["name"], t["name"]), **t} for t in answers], **e}


def text(x, indent=0):
    """JSON as it is written by hand: short lists and objects on one line."""
    line = json.dumps(x, ensure_ascii=False)
    flat = not (isinstance(x, dict) and indent < 3) or not x
    if not isinstance(x, (dict, list)) or flat and len(line) <= ONE_LINE and "{" not in line[1:]:
        return line
    pad = "  " * (indent + 1)
    if isinstance(x, dict):
        parts = ["%s%s: %s" % (pad, json.dumps(k), text(v, indent + 1)) for k, v in x.items()]
        return "{\n" + ",\n".join(parts) + "\n" + "  " * indent + "}"
    return "[\n" + ",\n".join(pad + text(v, indent + 1) for v in x) + "\n" + "  " * indent + "]"


def main():
    catalogue = json.load(open(CATALOGUE))
    made = []
    for path in sorted(glob.glob(TRAINED + "/*.json")):
        report, name = json.load(open(path)), os.path.basename(path)[:-len(".json")]
        made += [entry(name, v, report) for v in SUFFIX if report["variants"].get(v, {}).get("shipped")]
    new = {e["id"] for e in made}
    old = {m["id"] for m in catalogue["models"] if m["source"].startswith("This project") and m["id"] not in new}
    catalogue["models"] = [m for m in catalogue["models"] if not m["source"].startswith("This project")] + made
    for path in glob.glob(DEMOS):
        demo = json.load(open(path))
        for ids in [demo["models"], *demo.get("heads", []), demo.get("liveness", [])]:
            ids[:] = [i for i in ids if i not in old]
        with open(path, "w") as f:
            f.write(text(demo) + "\n")
    with open(CATALOGUE, "w") as f:
        f.write(text(catalogue) + "\n")


if __name__ == "__main__":
    main()
