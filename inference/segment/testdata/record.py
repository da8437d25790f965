#!/usr/bin/env python3
"""Records what the Python interpreter makes of the test pictures, for the Go
tests to compare with. Usage: record.py SHARED_FOLDER

Needs ai-edge-litert==2.3.0, opencv-python-headless and numpy. Writes beside
itself, for each published network, NAME.json with spot checks of the input
tensors and, for the library's own kernels and for XNNPACK, a PNG with the class
maps one below the other, the value being the class; for the networks that
heads.py makes, heads.json with their maps.
"""
import glob
import json
import os
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = sys.argv[1]
PICTURES = [SHARED + "/media/" + p for p in (
    "objects/bird_segmentation.bmp", "objects/dog_segmentation.bmp", "objects/2007_000243.jpg",
    "objects/2007_000645.jpg", "objects/cat.bmp", "objects/ssd_example.jpg",
    "lung/1.jpg", "lung/2.jpg", "lung/3.jpg", "lung/4.jpg")]


class Net:
    """One network, one thread, on the library's own kernels or on XNNPACK."""

    def __init__(self, path, xnnpack):
        resolver = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.it = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
        self.it.allocate_tensors()
        self.input, self.output = self.it.get_input_details()[0], self.it.get_output_details()[0]

    def tensor(self, bgr, mean, std):
        _, h, w, _ = self.input["shape"]
        rgb = cv2.cvtColor(cv2.resize(bgr, (int(w), int(h)), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
        x = (rgb.astype(np.float32) - mean) / std
        dtype = self.input["dtype"]
        if dtype == np.float32:
            return x[None]
        scale, zero = self.input["quantization"]
        limits = np.iinfo(dtype)
        return np.clip(np.round(x / scale) + zero, limits.min, limits.max).astype(dtype)[None]

    def run(self, x):
        self.it.set_tensor(self.input["index"], x)
        self.it.invoke()
        return self.it.get_tensor(self.output["index"])[0]

    def classes(self, out):
        if out.ndim == 2:
            return out.astype(np.uint8)
        if out.shape[2] > 1:
            return out.argmax(2).astype(np.uint8)
        scale, zero = self.output["quantization"]
        p = (out.astype(np.float32) - zero) * scale if scale else out
        return (p[:, :, 0] >= .5).astype(np.uint8)


def spots(x, n=300):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    at = np.linspace(0, flat.size - 1, n).astype(int)
    return [[int(i), round(float(flat[i]), 5)] for i in at]


def run(path, mean, std, pictures):
    """Spot checks of the input tensors, and the class maps on both kinds of kernels."""
    inputs, maps = [], {}
    for kernels in ("builtin", "xnnpack"):
        net = Net(path, kernels == "xnnpack")
        tensors = [net.tensor(cv2.imread(p, cv2.IMREAD_COLOR), mean, std) for p in pictures]
        inputs = [spots(x) for x in tensors]
        maps[kernels] = [net.classes(net.run(x)) for x in tensors]
    return inputs, maps


def write(name, value):
    with open(f"{HERE}/{name}.json", "w") as f:
        json.dump(value, f, separators=(",", ":"))
        f.write("\n")


def record(name, mean, std):
    inputs, maps = run(f"{SHARED}/models/{name}.tflite", mean, std, PICTURES)
    write(name, [dict(picture=os.path.relpath(p, SHARED), input=x) for p, x in zip(PICTURES, inputs)])
    for kernels, m in maps.items():
        cv2.imwrite(f"{HERE}/{name}.{kernels}.png", np.concatenate(m), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def record_heads():
    """The small networks' maps as text, a digit a cell."""
    pictures, heads = PICTURES[:1] + PICTURES[4:6], {}
    for path in sorted(glob.glob(HERE + "/head_*.tflite")):
        _, maps = run(path, 127.5, 127.5, pictures)
        heads[os.path.basename(path)] = {k: ["".join(map(str, m.reshape(-1))) for m in v] for k, v in maps.items()}
    write("heads", dict(pictures=[os.path.relpath(p, SHARED) for p in pictures], heads=heads))


record("deeplabv3_257_mv", 127.5, 127.5)
record("deeplabv3_mnv2_dm05_pascal_quant", 128, 128)
record_heads()
