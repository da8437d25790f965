"""How well published detectors find the vehicles of the built-in footage.

usage: evaluate.py traffic.mjpeg --coco ssd_mobilenet_v1_coco_quant.tflite --labels ssd_coco_labels.txt [--oid oid.tflite]
                   [--pictures DIR] [-v]

--coco: uint8 RGB 300x300 in, decoded boxes out (SSD MobileNet v1 COCO). --oid: float RGB in [-1,1] 300x300 in, raw
boxes [1,1917,4] and logits [1,1917,24] out (SSD trained on Open Images; 1 Bicycle, 18 Vehicle, 23 Car).
A frame counts as found when a vehicle with score >= 0.5 overlaps a true box with IoU >= 0.5. Precision is over all
detections >= 0.5 of any class: a hit is a vehicle class lying on a true box (IoU >= 0.5), or on one whose greater part
it covers or is covered by (IoU >= 0.3), or a person on a true two-wheeler. Needs numpy, opencv and ai-edge-litert.
"""
import argparse
import collections
import json
import os

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

VEHICLES = {"car", "bus", "truck", "motorcycle", "bicycle", "train"}
RIDDEN = {"motorcycle", "bicycle"}
OPEN_IMAGES = {1: "bicycle", 4: "person", 18: "vehicle", 23: "car"}


class Coco:
    def __init__(self, path, labels):
        self.net = Interpreter(path, num_threads=2)
        self.net.allocate_tensors()
        self.labels = open(labels).read().split("\n")
        # The published file starts with "person" or with a "???" background line.
        self.first = 0 if self.labels[0] == "person" else 1

    def detect(self, bgr):
        h, w = bgr.shape[:2]
        self.net.set_tensor(self.net.get_input_details()[0]["index"],
                            cv2.cvtColor(cv2.resize(bgr, (300, 300)), cv2.COLOR_BGR2RGB)[None])
        self.net.invoke()
        boxes, classes, scores, _ = [self.net.get_tensor(o["index"])[0] for o in self.net.get_output_details()]
        return [(self.labels[int(c) + self.first], float(s), (b[1] * w, b[0] * h, b[3] * w, b[2] * h))
                for b, c, s in zip(boxes, classes, scores) if s >= 0.5]


class OpenImages:
    def __init__(self, path):
        self.net = Interpreter(path, num_threads=2)
        self.net.allocate_tensors()
        self.anchors = anchors()

    def detect(self, bgr):
        h, w = bgr.shape[:2]
        x = cv2.cvtColor(cv2.resize(bgr, (300, 300)), cv2.COLOR_BGR2RGB).astype(np.float32) / 127.5 - 1
        self.net.set_tensor(self.net.get_input_details()[0]["index"], x[None])
        self.net.invoke()
        out = [self.net.get_tensor(o["index"])[0] for o in self.net.get_output_details()]
        code = [o for o in out if o.shape[-1] == 4][0].reshape(-1, 4)
        score = 1 / (1 + np.exp(-[o for o in out if o.shape[-1] != 4][0].reshape(len(code), -1)[:, 1:]))
        a = self.anchors
        cy, cx = code[:, 0] / 10 * a[:, 3] + a[:, 1], code[:, 1] / 10 * a[:, 2] + a[:, 0]
        bh, bw = np.exp(code[:, 2] / 5) * a[:, 3], np.exp(code[:, 3] / 5) * a[:, 2]
        box = np.stack([(cx - bw / 2) * w, (cy - bh / 2) * h, bw * w, bh * h], 1)
        top, kind = score.max(1), score.argmax(1) + 1
        keep = np.flatnonzero(top >= 0.5)
        if not len(keep):
            return []
        chosen = cv2.dnn.NMSBoxes(box[keep].tolist(), top[keep].tolist(), 0.5, 0.5)
        return [(OPEN_IMAGES.get(int(kind[i]), "other %d" % kind[i]), float(top[i]),
                 (box[i][0], box[i][1], box[i][0] + box[i][2], box[i][1] + box[i][3])) for i in keep[np.array(chosen)]]


def anchors():
    scale = [0.2 + 0.15 * k for k in range(6)] + [1.0]
    out = []
    for k, grid in enumerate([19, 10, 5, 3, 2, 1]):
        kinds = [(0.1, 1), (scale[0], 2), (scale[0], 0.5)] if k == 0 else [
            (scale[k], r) for r in (1, 2, 0.5, 3, 0.3333)] + [((scale[k] * scale[k + 1]) ** 0.5, 1)]
        out += [((x + .5) / grid, (y + .5) / grid, s * r ** .5, s / r ** .5)
                for y in range(grid) for x in range(grid) for s, r in kinds]
    return np.array(out)


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = lambda q: (q[2] - q[0]) * (q[3] - q[1])
    return w * h / (area(a) + area(b) - w * h)


def contained(a, b):
    """Whether three quarters of box a lie in box b."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    return w > 0 and h > 0 and w * h >= 0.75 * (a[2] - a[0]) * (a[3] - a[1])


def pictures(path):
    data = open(path, "rb").read()
    at = 0
    while True:
        end = data.find(b"\xff\xd8\xff", at + 2)
        yield cv2.imdecode(np.frombuffer(data[at:end if end > 0 else len(data)], np.uint8), cv2.IMREAD_COLOR)
        if end < 0:
            return
        at = end


def report(name, net, frames, truth, args):
    found = hits = total = good_class = recalled = targets = 0
    wrong, per_class = collections.Counter(), collections.Counter()
    missed = []
    best_scores = []
    for n, (picture, true) in enumerate(zip(frames, truth)):
        dets = net.detect(picture)
        boxes = [(t["x0"], t["y0"], t["x1"], t["y1"]) for t in true]
        ok = False
        best = 0
        for label, score, box in dets:
            total += 1
            match = [iou(box, b) for b in boxes]
            k = int(np.argmax(match)) if match else -1
            vehicle = label in VEHICLES or label == "vehicle"
            if vehicle and k >= 0 and match[k] >= 0.5:
                ok, best = True, max(best, score)
                good_class += label == true[k]["class"] or label == "vehicle"
                per_class[true[k]["class"] + " as " + label] += 1
            rider = label == "person" and any(
                t["class"] in RIDDEN and contained(box, b) for t, b in zip(true, boxes))
            if rider or vehicle and k >= 0 and match[k] >= 0.3:
                hits += 1
            else:
                wrong[label] += 1
        found += ok
        best_scores.append(best)
        if not ok:
            missed.append(n)
        large = [i for i, b in enumerate(boxes) if (b[2] - b[0]) * (b[3] - b[1]) >= 0.02 * 640 * 480]
        targets += len(large)
        recalled += sum(any(iou(d[2], boxes[i]) >= 0.5 for d in dets) for i in large)
        if args.pictures:
            shown = picture.copy()
            for b in boxes:
                cv2.rectangle(shown, b[:2], b[2:], (0, 255, 0), 1)
            for label, score, b in dets:
                cv2.rectangle(shown, (int(b[0]), int(b[1])), (int(b[2]), int(b[3])), (0, 0, 255), 2)
                cv2.putText(shown, "%s %.2f" % (label, score), (max(int(b[0]), 2), max(int(b[1]) + 14, 14)), 0, .5, (0, 0, 255), 1)
            cv2.imwrite(os.path.join(args.pictures, "%s%03d.png" % (name, n)), shown)
    print("%s: a vehicle found on %d of %d frames (%.1f %%), median best score %.2f" %
          (name, found, len(truth), 100 * found / len(truth), np.median(best_scores)))
    print("  %d detections >= 0.5, %d on a vehicle (precision %.1f %%), false: %s" %
          (total, hits, 100 * hits / max(total, 1), dict(wrong)))
    print("  vehicles of at least 2 %% of the picture found: %d of %d (%.1f %%)" %
          (recalled, targets, 100 * recalled / max(targets, 1)))
    print("  %s" % dict(per_class.most_common()))
    if args.v:
        print("  frames without: %s" % missed)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("footage")
    p.add_argument("--coco")
    p.add_argument("--labels")
    p.add_argument("--oid")
    p.add_argument("--pictures", help="write the pictures with true (green) and found (red) boxes here")
    p.add_argument("-v", action="store_true", help="list the frames without a vehicle found")
    args = p.parse_args()
    truth = json.load(open(os.path.splitext(args.footage)[0] + ".json"))["frames"]
    frames = list(pictures(args.footage))
    assert len(frames) == len(truth), (len(frames), len(truth))
    if args.coco:
        report("coco", Coco(args.coco, args.labels), frames, truth, args)
    if args.oid:
        report("openimages", OpenImages(args.oid), frames, truth, args)


if __name__ == "__main__":
    main()
