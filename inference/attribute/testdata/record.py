#!/usr/bin/env python3
"""Records what the Python interpreter makes of the test faces, for the Go tests
to compare with. Usage: record.py SHARED_FOLDER

Needs ai-edge-litert==2.3.0, opencv-python-headless and numpy. Writes heads.json
beside itself; pictures are never written, only what the networks say of them
and spot checks of their input tensors. Boxes are given here, so that the heads
are compared apart from any detector; their sides are such that every crop has
whole pixels, which cv2 needs.
"""
import json
import os
import sys
import tarfile

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SHARED = sys.argv[1]

FACES = [
    ("media/recognition/img12.jpg", (224, 84, 360, 264)),
    ("media/recognition/img13.jpg", (272, 72, 410, 292)),
    ("media/recognition/img3.jpg", (174, 124, 388, 464)),
    ("media/recognition/img18.jpg", (234, 118, 498, 498)),
    ("media/recognition/img22.jpg", (460, 110, 622, 350)),
    ("media/faces/grace_hopper.png", (76, 48, 156, 128)),
    ("media/emotion/happy/S050_006_00000021.png", (4, 4, 44, 44)),
    ("media/emotion/surprise/S022_001_00000030.png", (0, 0, 40, 40)),
    ("media/emotion/anger/S022_005_00000030.png", (8, 12, 46, 52)),
    ("data/spoof/real/0.jpg", (20, 30, 118, 130)),
    ("data/spoof/real/11.jpg", (20, 40, 116, 140)),
    ("data/spoof/fake/47.jpg", (8, 20, 108, 140)),
    ("data/spoof/fake/52.jpg", (14, 30, 114, 150)),
    ("data/spoof/fake/69.jpg", (24, 40, 134, 180)),
    ("data/utkface.tar/utkface/55_0_0_20170104212851085.jpg", (6, 6, 106, 106)),
    ("data/utkface.tar/utkface/26_0_1_20170116153040656.jpg", (16, 2, 96, 102)),
]

EMOTIONS = "neutral happiness surprise sadness anger disgust fear contempt unknown".split()


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def leaves(out):
    rate = float((np.abs(out["Identity"][0]) * out["Identity_1"][0]).sum())
    attack = rate / .4 if rate <= .2 else min(.5 + (rate - .2) / 1.6, 1)
    return np.array([1 - attack, attack])


def years(out):
    return np.array([out["Identity"][0][0] * 116])


def probabilities(out):
    return out["Identity"][0]


# Name: mean, deviation, margin of the crop, labels, outputs to numbers.
HEADS = {
    "age_200_q": (0, 255, 0, None, years),
    "age_lite_200_q": (0, 255, 0, None, years),
    "gender_128_q": (0, 255, 0, ["male", "female"], probabilities),
    "gender_lite_128_q": (0, 255, 0, ["male", "female"], probabilities),
    "emotion_mobilefacenet_48": (127.5, 127.5, .1, EMOTIONS, probabilities),
    "minifas_128_float16": (0, 255, .25, ["live", "spoof"], lambda out: softmax(out["Identity"][0])),
    "minifas_128_float32": (0, 255, .25, ["live", "spoof"], lambda out: softmax(out["Identity"][0])),
    "face_antispoofing_256": (0, 255, 0, ["live", "spoof"], leaves),
}


class Net:
    """One network, one thread, on the library's own kernels or on XNNPACK."""

    def __init__(self, path, xnnpack=False):
        resolver = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.it = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
        self.it.allocate_tensors()
        self.input = self.it.get_input_details()[0]

    def run(self, x):
        self.it.set_tensor(self.input["index"], x)
        self.it.invoke()
        return {o["name"]: self.it.get_tensor(o["index"]) for o in self.it.get_output_details()}


def read(name):
    if ".tar/" not in name:
        return cv2.imread(f"{SHARED}/{name}", cv2.IMREAD_COLOR)
    archive, member = name.split(".tar/")
    with tarfile.open(f"{SHARED}/{archive}.tar") as tar:
        return cv2.imdecode(np.frombuffer(tar.extractfile(member).read(), np.uint8), cv2.IMREAD_COLOR)


def tensor(bgr, box, margin, size, mean, std):
    """The square round the box, mirrored where it leaves the picture."""
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0) * (1 + 2 * margin)
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    for v in (side, left, top):
        assert abs(v - round(v)) < 1e-6, (box, margin, v)
    side, left, top = round(side), round(left), round(top)
    h, w = bgr.shape[:2]
    pad = max(0, -left, -top, left + side - w, top + side - h)
    big = cv2.copyMakeBorder(bgr, pad, pad, pad, pad, cv2.BORDER_REFLECT_101)
    crop = big[top + pad:top + pad + side, left + pad:left + pad + side]
    rgb = cv2.cvtColor(cv2.resize(crop, (size, size), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    return ((rgb.astype(np.float32) - np.float32(mean)) / np.float32(std))[None]


def spots(x, n=80):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    at = np.linspace(0, flat.size - 1, n).astype(int)
    return [[int(i), round(float(flat[i]), 5)] for i in at]


def told(numbers, labels):
    value = labels[int(numbers.argmax())] if labels else f"{int(numbers[0] + .5)} years"
    return dict(value=value, numbers=[round(float(v), 5) for v in numbers])


def record(name, mean, std, margin, labels, decode):
    path = f"{SHARED}/models/{name}.tflite"
    net, fast, cases = Net(path), Net(path, xnnpack=True), []
    for picture, box in FACES:
        x = tensor(read(picture), box, margin, int(net.input["shape"][1]), mean, std)
        cases.append(dict(picture=picture, box=box, input=spots(x),
                          none=told(decode(net.run(x)), labels), xnnpack=told(decode(fast.run(x)), labels)))
    return cases


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "heads.json"), "w") as f:
    json.dump({name: record(name, *head) for name, head in HEADS.items()}, f, separators=(",", ":"))
    f.write("\n")
