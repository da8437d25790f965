#!/usr/bin/env python3
"""Records what the Python interpreter makes of the test pictures, for the Go
tests to compare with. Usage: record.py SHARED_FOLDER

Needs ai-edge-litert==2.3.0, opencv-python-headless and numpy. Writes
NAME.json beside itself for each network: by picture, spot checks of the input
tensor and, for the library's own kernels and for XNNPACK, the six most
probable classes as [class, probability]. heads.py makes the networks head_*.
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
PICTURES = [p for p in sorted(glob.glob(SHARED + "/media/objects/*")) if not p.endswith("_mask.bmp")]


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

    def probabilities(self, x, logits):
        self.it.set_tensor(self.input["index"], x)
        self.it.invoke()
        out = self.it.get_tensor(self.output["index"]).reshape(-1).astype(np.float64)
        scale, zero = self.output["quantization"]
        if scale:
            out = (out - zero) * scale
        if logits:
            out = np.exp(out - out.max())
            out /= out.sum()
        return out


def spots(x, n=120):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    at = np.linspace(0, flat.size - 1, n).astype(int)
    return [[int(i), round(float(flat[i]), 5)] for i in at]


def best(p, n=6):
    return [[int(c), round(float(p[c]), 6)] for c in np.argsort(-p, kind="stable")[:n]]


def record(name, path, mean, std, pictures, logits=False):
    own, fast, cases = Net(path, False), Net(path, True), []
    for p in pictures:
        x = own.tensor(cv2.imread(p, cv2.IMREAD_COLOR), mean, std)
        cases.append(dict(picture=os.path.relpath(p, SHARED), input=spots(x),
                          none=best(own.probabilities(x, logits)), xnnpack=best(fast.probabilities(x, logits))))
    with open(f"{HERE}/{name}.json", "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


for published in ("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant", "mobilenet_v2_1.0_224_quant"):
    record(published, f"{SHARED}/models/{published}.tflite", 128, 128, PICTURES)
for head in sorted(glob.glob(HERE + "/head_*.tflite")):
    name = os.path.basename(head)[:-len(".tflite")]
    record(name, head, 127.5, 127.5, PICTURES[:4], "logits" in name)
