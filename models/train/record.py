"""Records what the Python interpreter makes of a few pictures, for every network of this project.

usage: record.py --shared ../shared

Reads ../catalogue.json, ../trained and pictures of the shared folder; writes ../../app/testdata/trained.json, which the
Go tests compare with: values of the input tensor and of each output tensor, as [index, value] of its raw numbers, on
the library's own kernels.
"""
import argparse
import json
import os

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURES = ["media/lung/1.jpg", "media/belt/damage.jpeg", "media/objects/2007_000243.jpg", "media/recognition/img13.jpg"]
SPOTS = 60


def spots(x):
    flat = x.reshape(-1)
    at = np.unique(np.linspace(0, flat.size - 1, SPOTS).astype(int))
    return [[int(i), round(float(flat[i]), 5)] for i in at]


def run(net, model, path):
    """One picture, stretched to the input."""
    given = net.get_input_details()[0]
    _, h, w, _ = given["shape"]
    rgb = cv2.cvtColor(cv2.resize(cv2.imread(path), (int(w), int(h)), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    x = (rgb.astype(np.float32) - model["input"]["mean"]) / model["input"]["std"]
    scale, zero = given["quantization"]
    if scale:
        x = np.clip(np.round(x / scale) + zero, 0, 255)
    x = x[None].astype(given["dtype"])
    net.set_tensor(given["index"], x)
    net.invoke()
    return {"input": spots(x), "outputs": {d["name"]: spots(net.get_tensor(d["index"])) for d in net.get_output_details()}}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--shared", default="../shared")
    a = a.parse_args()
    recorded = {}
    for model in json.load(open(HERE + "/../catalogue.json"))["models"]:
        path = HERE + "/../trained/" + model["file"]
        if not os.path.exists(path):
            continue
        net = Interpreter(path, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        net.allocate_tensors()
        recorded[model["id"]] = [{"picture": p, **run(net, model, os.path.join(a.shared, p))} for p in PICTURES]
    os.makedirs(HERE + "/../../app/testdata", exist_ok=True)
    with open(HERE + "/../../app/testdata/trained.json", "w") as f:
        json.dump(recorded, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
