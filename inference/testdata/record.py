#!/usr/bin/env python3
"""Records what the Python interpreter makes of the test pictures, for the Go
tests to compare with. Usage: record.py SHARED_FOLDER MIRROR_FOLDER

Needs ai-edge-litert==2.3.0, opencv-python-headless and numpy. Writes JSON into
the testdata folders beside the packages; pictures are never written, only
what the networks say of them and spot checks of their input tensors.
"""
import glob
import json
import os
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED, MIRROR = sys.argv[1], sys.argv[2]
PICTURES = sorted(glob.glob(SHARED + "/media/traffic/coco128/*.jpg")) + \
    sorted(glob.glob(SHARED + "/media/traffic/frames/*.bmp"))


class Net:
    """One network, one thread, on the library's own kernels or on XNNPACK."""

    def __init__(self, path, xnnpack=False):
        resolver = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.it = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
        self.it.allocate_tensors()
        self.input = self.it.get_input_details()[0]

    def tensor(self, bgr, mean, std):
        _, h, w, _ = self.input["shape"]
        rgb = cv2.cvtColor(cv2.resize(bgr, (int(w), int(h)), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
        if self.input["dtype"] == np.float32:
            return ((rgb.astype(np.float32) - mean) / std)[None]
        return rgb[None]

    def run(self, x):
        self.it.set_tensor(self.input["index"], x)
        self.it.invoke()
        return {o["name"]: self.it.get_tensor(o["index"]) for o in self.it.get_output_details()}


def spots(x, n=500):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    at = np.linspace(0, flat.size - 1, n).astype(int)
    return [[int(i), round(float(flat[i]), 5)] for i in at]


def detection(cls, score, x0, y0, x1, y1):
    return dict(cls=int(cls), score=round(float(score), 5), box=[round(float(v), 3) for v in (x0, y0, x1, y1)])


def ssd(out, w, h):
    p = "TFLite_Detection_PostProcess"
    found = []
    for b, c, s in zip(out[p][0], out[p + ":1"][0], out[p + ":2"][0]):
        y0, x0, y1, x1 = np.clip(b, 0, 1)
        found.append(detection(c, s, x0 * w, y0 * h, x1 * w, y1 * h))
    return found


def anchors():
    made, scale = [], lambda k: .2 + .75 * k / 5 if k < 6 else 1.
    for k, stride in enumerate((16, 32, 64, 128, 256, 512)):
        cells = -(-300 // stride)
        kinds = [(.1, 1.), (scale(0), 2.), (scale(0), .5)] if k == 0 else \
            [(scale(k), r) for r in (1., 2., .5, 3., .3333)] + [((scale(k) * scale(k + 1)) ** .5, 1.)]
        made += [((x + .5) / cells, (y + .5) / cells, s * r ** .5, s / r ** .5)
                 for y in range(cells) for x in range(cells) for s, r in kinds]
    return np.array(made)


def iou(a, b):
    iw = min(a[2], b[2]) - max(a[0], b[0])
    ih = min(a[3], b[3]) - max(a[1], b[1])
    if iw <= 0 or ih <= 0:
        return 0.
    return iw * ih / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - iw * ih)


def anchor_ssd(out, w, h, threshold=.3, overlap=.5):
    e, logits = out["raw_outputs/box_encodings"][0].astype(np.float64), out["raw_outputs/class_predictions"][0]
    score, a = 1 / (1 + np.exp(-logits)), anchors()
    cy, cx = e[:, 0] / 10 * a[:, 3] + a[:, 1], e[:, 1] / 10 * a[:, 2] + a[:, 0]
    bh, bw = np.exp(e[:, 2] / 5) * a[:, 3], np.exp(e[:, 3] / 5) * a[:, 2]
    box = np.clip(np.stack((cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2), 1), 0, 1) * [w, h, w, h]
    found = []
    for c in range(1, score.shape[1]):
        keep = []
        for i in score[:, c].argsort()[::-1]:
            if score[i, c] < threshold:
                break
            if all(iou(box[i], box[j]) < overlap for j in keep):
                keep.append(i)
        found += [detection(c, score[i, c], *box[i]) for i in keep]
    return sorted(found, key=lambda d: -d["score"])


def record(name, path, mean, std, decode):
    net, fast, cases = Net(path), Net(path, xnnpack=True), []
    for p in PICTURES:
        bgr = cv2.imread(p, cv2.IMREAD_COLOR)
        x = net.tensor(bgr, mean, std)
        w, h = bgr.shape[1], bgr.shape[0]
        cases.append(dict(picture=os.path.relpath(p, SHARED), width=w, height=h, input=spots(x),
                          none=decode(net.run(x), w, h), xnnpack=decode(fast.run(x), w, h)))
    with open(f"{HERE}/detect/testdata/{name}.json", "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


def pattern(w, h):
    """The picture that the Go tests make too: gradients, an edge, fine stripes."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack(((x * 7 + y * 3) % 256, (x * x + y * 5) % 251, ((x // 5 + y // 3) % 2) * 200 + 20), 2).astype(np.uint8)


def record_resize():
    cases = []
    for (w, h), (tw, th), crop in (((64, 48), (30, 30), None), ((33, 27), (48, 48), None), ((640, 480), (224, 224), None),
                                   ((64, 48), (20, 24), (10, 5, 50, 45)), ((40, 40), (40, 40), None),
                                   ((64, 48), (16, 16), (-10, -8, 30, 32)), ((50, 31), (25, 25), (20, 4, 60, 44))):
        rgb = pattern(w, h)
        if crop:
            x0, y0, x1, y1 = crop
            pad = 64
            big = cv2.copyMakeBorder(rgb, pad, pad, pad, pad, cv2.BORDER_REFLECT_101)
            rgb = big[y0 + pad:y1 + pad, x0 + pad:x1 + pad]
        out = cv2.resize(rgb, (tw, th), interpolation=cv2.INTER_LINEAR)
        cases.append(dict(width=w, height=h, to=[tw, th], crop=crop, spots=spots(out, 1500)))
    with open(f"{HERE}/testdata/resize.json", "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


record_resize()
record("ssd_mobilenet_v1_coco_quant", SHARED + "/models/ssd_mobilenet_v1_coco_quant.tflite", 128, 128, ssd)
record("ssd_mobilenet_v2_oid_fp16", MIRROR + "/object_detection_ssd_mobilenetv2_oidv4_fp16.tflite", 127.5, 127.5, anchor_ssd)
