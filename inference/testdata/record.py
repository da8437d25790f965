#!/usr/bin/env python3
"""Records what the Python interpreter makes of the test pictures, for the Go
tests to compare with. Usage: record.py SHARED_FOLDER MIRROR_FOLDER [NAME...]

With names only those recordings are made anew: resize, yolo_heads,
yolov8n_int8_output, or a model.

Needs ai-edge-litert==1.0.1, which has the kernels of the library that the app
links (TensorFlow 2.17), opencv-python-headless and numpy<2. Writes JSON into
the testdata folders beside the packages; pictures are never written, only
what the networks say of them and spot checks of their input tensors.
"""
import base64
import glob
import json
import os
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED, MIRROR, ONLY = sys.argv[1], sys.argv[2], sys.argv[3:]
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
            # Multiplied, not divided, as the app does: a quantizing network can turn the last bit into a tenth of a score.
            return (rgb.astype(np.float32) * np.float32(1 / std) + np.float32(-mean / std))[None]
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
    box = corners(cx, cy, bw, bh, w, h)
    score[:, 0] = 0
    return suppress(box, score, threshold, overlap)


def suppress(box, score, threshold, overlap):
    """Greedy non-maximum suppression per class; score is boxes x classes."""
    found = []
    for c in range(score.shape[1]):
        keep = []
        for i in (-score[:, c]).argsort(kind="stable"):
            if not score[i, c] >= threshold:
                break
            if all(iou(box[i], box[j]) < overlap for j in keep):
                keep.append(i)
        found += [detection(c, score[i, c], *box[i]) for i in keep]
    return sorted(found, key=lambda d: -d["score"])


def best_only(score):
    """Leaves each box its best class alone."""
    return np.where(np.arange(score.shape[1]) == score.argmax(1)[:, None], score, 0.)


def corners(cx, cy, bw, bh, w, h):
    return np.clip(np.stack((cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2), 1), 0, 1) * [w, h, w, h]


def yolov8(out, w, h, threshold=.3, overlap=.5):
    o = out["PartitionedCall:0"][0].T.astype(np.float64)
    return suppress(corners(*o[:, :4].T, w, h), best_only(o[:, 4:]), threshold, overlap)


def write(path, cases):
    with open(f"{HERE}/{path}", "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


def wanted(name):
    return not ONLY or name in ONLY


def record(name, path, mean, std, decode, n=500):
    if not wanted(name):
        return
    net, fast, cases = Net(path), Net(path, xnnpack=True), []
    for p in PICTURES:
        bgr = cv2.imread(p, cv2.IMREAD_COLOR)
        x = net.tensor(bgr, mean, std)
        w, h = bgr.shape[1], bgr.shape[0]
        cases.append(dict(picture=os.path.relpath(p, SHARED), width=w, height=h, input=spots(x, n),
                          none=decode(net.run(x), w, h), xnnpack=decode(fast.run(x), w, h)))
    write(f"detect/testdata/{name}.json", cases)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def yolo_head(kind, unit, scales, w, h, threshold, overlap):
    """Decodes YOLO heads, each (real numbers [rows, cols, anchors, 5+classes], anchors)."""
    box, score = [], []
    for t, a in scales:
        rows, cols = t.shape[:2]
        a = np.array(a) / {"image": [1, 1], "cells": [cols, rows]}[unit]
        cx = (sigmoid(t[..., 0]) + np.arange(cols)[None, :, None]) / cols
        cy = (sigmoid(t[..., 1]) + np.arange(rows)[:, None, None]) / rows
        size = a * np.exp(t[..., 2:4])
        box.append(corners(cx.ravel(), cy.ravel(), size[..., 0].ravel(), size[..., 1].ravel(), w, h))
        if kind == "v2":
            e = np.exp(t[..., 5:] - t[..., 5:].max(-1, keepdims=True))
            p = e / e.sum(-1, keepdims=True)
        else:
            p = sigmoid(t[..., 5:])
        s = sigmoid(t[..., 4:5]) * p
        score.append(s.reshape(-1, s.shape[-1]))
    return suppress(np.concatenate(box), best_only(np.concatenate(score)), threshold, overlap)


# aXeleRate's anchors: YOLOv2 faces in cells, YOLOv3 faces at two scales.
V2_ANCHORS = [[1.889, 2.5245], [2.9465, 3.94056], [3.99987, 5.3658], [5.155437, 6.92275], [6.718375, 9.01025]]
V3_ANCHORS = [[[.51424575, .54116074], [.29523918, .45838044], [.21371929, .21518053]],
              [[.10255913, .42572159], [.05785894, .17925645], [.01839256, .07238193]]]


def record_yolo_heads():
    """Heads of random numbers: no YOLO of these kinds is published."""
    rng, cases, w, h, threshold, overlap = np.random.default_rng(7), [], 640, 360, .3, .3
    for kind, unit, grids, anchors, classes in (("v2", "cells", [(7, 7)], [V2_ANCHORS], 1), ("v2", "cells", [(5, 8)], [V2_ANCHORS], 4),
                                                ("v3", "image", [(7, 7)], V3_ANCHORS[:1], 1), ("v3", "image", [(4, 6), (8, 12)], V3_ANCHORS, 3)):
        for dtype in ("float32", "uint8", "int8"):
            scale, zero = (.0625, {"uint8": 140, "int8": 12}[dtype]) if dtype != "float32" else (0, 0)
            heads, stored = [], []
            for (rows, cols), a in zip(grids, anchors):
                t = rng.normal(0, 1.5, (rows, cols, len(a), 5 + classes))
                t[..., 2:4] *= .3
                t[..., 4] -= 1.5
                if scale:
                    limits = np.iinfo(dtype)
                    t = np.clip(np.round(t / scale) + zero, limits.min, limits.max)
                t = t.astype(dtype)
                stored.append(dict(rows=rows, cols=cols, anchors=a, data=base64.b64encode(t.tobytes()).decode()))
                heads.append(((t.astype(np.float64) - zero) * (scale or 1), a))
            cases.append(dict(kind=kind, unit=unit, dtype=dtype, scale=scale, zeroPoint=zero, classes=classes, width=w, height=h,
                              threshold=threshold, iou=overlap, outputs=stored,
                              objects=yolo_head(kind, unit, heads, w, h, threshold, overlap)))
    write("detect/testdata/yolo_heads.json", cases)


def record_yolov8_output():
    """One raw output, and what known input gives: no picture, no preprocessing."""
    path = SHARED + "/models/yolov8n_int8.tflite"
    net, fast = Net(path), Net(path, xnnpack=True)
    known = (np.arange(640 * 640 * 3) * 7919 % 256).astype(np.float32).reshape(1, 640, 640, 3) / 256
    name, w, h = "PartitionedCall:0", 640, 480
    kernels = {n: spots(k.run(known)[name], 200) for n, k in (("builtin", net), ("xnnpack", fast))}
    out = net.run(net.tensor(cv2.imread(SHARED + "/media/traffic/coco128/000000000257.jpg", cv2.IMREAD_COLOR), 0, 255))
    o = out[name][0]
    boxes = [dict(index=int(i), box=[round(float(v), 6) for v in o[:4, i]],
                  scores=[[int(c), round(float(o[4 + c, i]), 6)] for c in np.flatnonzero(o[4:, i] >= .05)])
             for i in np.flatnonzero(o[4:].max(0) >= .2)]
    write("detect/testdata/yolov8n_int8_output.json",
          dict(kernels=kernels, boxes=boxes, width=w, height=h, objects=yolov8(out, w, h)))


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
    write("testdata/resize.json", cases)


if wanted("resize"):
    record_resize()
if wanted("yolo_heads"):
    record_yolo_heads()
if wanted("yolov8n_int8_output"):
    record_yolov8_output()
record("ssd_mobilenet_v1_coco_quant", SHARED + "/models/ssd_mobilenet_v1_coco_quant.tflite", 128, 128, ssd)
record("ssd_mobilenet_v2_oid_fp16", MIRROR + "/object_detection_ssd_mobilenetv2_oidv4_fp16.tflite", 127.5, 127.5, anchor_ssd)
record("yolov8n_int8", SHARED + "/models/yolov8n_int8.tflite", 0, 255, yolov8, n=60)
