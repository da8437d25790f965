#!/usr/bin/env python3
"""Records what the Python interpreter and OpenCV make of the test pictures, for
the Go tests to compare with. Usage: record.py SHARED_FOLDER

Needs ai-edge-litert==2.3.0, opencv-python-headless==5.0.0 and numpy. Writes
JSON beside itself; pictures are never written, only what the networks say of
them and spot checks of their input tensors.
"""
import json
import os
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = sys.argv[1]
PICTURES = [f"media/faces/{n}.jpg" for n in ("group", "group_11", "group_16", "group_2", "group_3", "group_5",
                                             "group_8", "portrait", "portrait_exif", "portrait_fl")] + \
    [f"media/recognition/img{n}.jpg" for n in (12, 14, 18, 19, 3)]


def write(name, value):
    with open(f"{HERE}/{name}.json", "w") as f:
        json.dump(value, f, separators=(",", ":"))
        f.write("\n")


def spots(x, n):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    return [[int(i), round(float(flat[i]), 5)] for i in np.linspace(0, flat.size - 1, n).astype(int)]


class Net:
    """One network, one thread, on the library's own kernels."""

    def __init__(self, name):
        self.it = Interpreter(model_path=f"{SHARED}/models/{name}.tflite", num_threads=1,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        self.it.allocate_tensors()
        self.input = self.it.get_input_details()[0]
        _, self.h, self.w, _ = (int(v) for v in self.input["shape"])

    def run(self, x):
        self.it.set_tensor(self.input["index"], x[None])
        self.it.invoke()
        return [self.it.get_tensor(o["index"])[0].astype(np.float64) for o in self.it.get_output_details()]


def stretch(bgr, w, h):
    """The picture at the network's size, and the map from 0..1 back to its pixels."""
    return cv2.resize(bgr, (w, h), interpolation=cv2.INTER_LINEAR), (bgr.shape[1], bgr.shape[0]), (0, 0)


def letterbox(bgr, w, h):
    ph, pw = bgr.shape[:2]
    scale = min(w / pw, h / ph)
    iw, ih = int(pw * scale + .5), int(ph * scale + .5)
    x, y = (w - iw) // 2, (h - ih) // 2
    box = np.full((h, w, 3), 128, np.uint8)
    box[y:y + ih, x:x + iw] = cv2.resize(bgr, (iw, ih), interpolation=cv2.INTER_LINEAR)
    sx, sy = pw / iw, ph / ih
    return box, (w * sx, h * sy), (-x * sx, -y * sy)


def anchors(w, h, layers, even):
    made = []
    for stride, sizes in layers:
        cols, rows = -(-w // stride), -(-h // stride)
        dx, dy = (1 / cols, 1 / rows) if even else (stride / w, stride / h)
        made += [((x + .5) * dx, (y + .5) * dy, min(bw / w, 1), min(bh / h, 1))
                 for y in range(rows) for x in range(cols) for bw, bh in sizes]
    return np.array(made)


def corners(centre, size):
    return np.concatenate((centre - size / 2, centre + size / 2), 1)


def ultra_light(net, layers, even, logits):
    a = anchors(net.w, net.h, layers, even)

    def decode(out):
        boxes, scores = out[0], out[-1]
        score = 1 / (1 + np.exp(scores[:, 0] - scores[:, 1])) if logits else scores[:, 1]
        box = corners(a[:, :2] + .1 * boxes[:, :2] * a[:, 2:], np.exp(.2 * boxes[:, 2:]) * a[:, 2:])
        points = np.zeros((len(a), 0, 2))
        if logits:
            points = a[:, None, :2] + .1 * out[1].reshape(-1, 5, 2) * a[:, None, 2:]
        return score, box, points
    return decode


def blaze_face(net, layers):
    a = anchors(net.w, net.h, layers, True)[:, None, :2]

    def decode(out):
        values = out[0].reshape(-1, 8, 2) / [net.w, net.h]
        score = 1 / (1 + np.exp(-np.clip(out[1][:, 0], -80, 80)))
        points = values[:, 2:6] + a
        return score, corners(values[:, 0] + a[:, 0], values[:, 1]), points
    return decode


def iou(a, b):
    iw = min(a[2], b[2]) - max(a[0], b[0])
    ih = min(a[3], b[3]) - max(a[1], b[1])
    if iw <= 0 or ih <= 0:
        return 0.
    return iw * ih / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - iw * ih)


def suppress(score, box, points, threshold, overlap, blend):
    """Greedy suppression; blend takes the weighted mean of what a box suppresses, as MediaPipe does."""
    left = [i for i in np.argsort(-score, kind="stable") if score[i] >= threshold and (box[i, 2:] > box[i, :2]).all()]
    found = []
    while left:
        best = left[0]
        near = [i for i in left if iou(box[best], box[i]) >= overlap]
        left = [i for i in left if i not in near]
        b, p = box[best], points[best]
        if blend:
            b, p = np.average(box[near], 0, score[near]), np.average(points[near], 0, score[near])
        found.append((score[best], b, p))
    return found


def record(name, fit, mean, std, decode, threshold, overlap, blend=False):
    net, cases = Net(name), []
    decoder = decode(net)
    for picture in PICTURES:
        bgr = cv2.imread(f"{SHARED}/{picture}", cv2.IMREAD_COLOR)
        image, scale, offset = fit(bgr, net.w, net.h)
        x = (cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32) - mean) / std
        faces = []
        for score, box, points in suppress(*decoder(net.run(x)), threshold, overlap, blend):
            box = np.clip(box.reshape(2, 2) * scale + offset, 0, [bgr.shape[1], bgr.shape[0]])
            if (box[1] > box[0]).all():
                points = points * scale + offset
                faces.append([round(float(v), 4) for v in [score]] +
                             [round(float(v), 2) for v in list(box.reshape(-1)) + list(points.reshape(-1))])
        cases.append(dict(picture=picture, width=bgr.shape[1], height=bgr.shape[0], input=spots(x, 60), faces=faces))
        print(name, picture, len(faces))
    write(name, cases)


def pattern(w, h):
    """The picture that the Go tests make too: gradients, an edge, fine stripes."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack(((x * 7 + y * 3) % 256, (x * x + y * 5) % 251, ((x // 5 + y // 3) % 2) * 200 + 20), 2).astype(np.uint8)


def turned(angle, scale, tx, ty):
    c, s = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    return [c, -s, tx, s, c, ty]


def record_warp():
    cases = []
    for (w, h), (tw, th), m in (((96, 80), (48, 40), turned(0, 1, 10, 12)), ((96, 80), (48, 40), turned(0, 1.7, 3.25, 4.5)),
                                ((96, 80), (40, 48), turned(33, 1.3, 30, 5)), ((97, 81), (48, 40), turned(-140, .6, 60, 70)),
                                ((50, 41), (64, 64), turned(75, 2.2, 20, -60)), ((64, 48), (56, 56), turned(10, .31, 40, 20))):
        out = cv2.warpAffine(pattern(w, h), np.float32(m).astype(np.float64).reshape(2, 3), (tw, th),
                             flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101)
        cases.append(dict(width=w, height=h, to=[tw, th], m=[float(np.float32(v)) for v in m], spots=spots(out, 600)))
    write("warp", cases)


def umeyama(src, dst):
    """Umeyama 1991, equations 34 to 43, by singular values."""
    ms, md = src.mean(0), dst.mean(0)
    u, d, vt = np.linalg.svd((dst - md).T @ (src - ms) / len(src))
    s = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    r = u @ s @ vt
    c = (d * np.diag(s)).sum() / ((src - ms) ** 2).sum(1).mean()
    return np.concatenate((c * r, (md - c * r @ ms)[:, None]), 1)


def record_align():
    rng, cases = np.random.default_rng(5), []
    for _ in range(12):
        src, dst = rng.uniform(0, 112, (5, 2)), rng.uniform(0, 900, (5, 2))
        cases.append({"from": src.tolist(), "to": dst.tolist(), "m": umeyama(src, dst).reshape(-1).tolist()})
    write("align", cases)


record_warp()
record_align()
SQUARE = [(8, [(10, 10), (16, 16), (24, 24)]), (16, [(32, 32), (48, 48)]), (32, [(64, 64), (96, 96)]),
          (64, [(128, 128), (192, 192), (256, 256)])]
for kind in "slim", "rfb":
    record(f"ultralight_face_{kind}_320", stretch, 127, 128, lambda net: ultra_light(net, SQUARE, True, False), .7, .3)
LANDMARK = [(8, [(17, 13), (38, 28)]), (16, [(98, 74), (161, 119)]), (32, [(217, 171), (299, 234)])]
record("ultralight_face_landmark", stretch, 127.5, 128, lambda net: ultra_light(net, LANDMARK, False, True), .7, .4)
for kind, layers in (("short_range", [(8, [(0, 0)] * 2), (16, [(0, 0)] * 6)]),
                     ("back", [(16, [(0, 0)] * 2), (32, [(0, 0)] * 6)]),
                     ("full_range", [(4, [(0, 0)])]), ("full_range_sparse", [(4, [(0, 0)])])):
    record(f"blazeface_{kind}", letterbox, 127.5, 127.5, lambda net: blaze_face(net, layers), .5, .3, blend=True)
