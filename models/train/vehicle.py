"""Trains and measures the detectors of vehicles named in NETWORKS, YOLO v2 on MobileNet v1 of four widths.

usage: vehicle.py [--data build/data] [--shared ../shared] [--scenes build/scenes] [--footage assets/demos/vehicles/clip.mjpeg]
                  [--work build/train] [--out models/trained] [--model NAME] [--epochs N] [--smoke]

Wants the sets vehicles, facebox and belt_intact of data.py, drawn scenes (scenes.go says how; a few, for the built-in
footage, which is only measured), and in the shared folder the starts named in mobilenet.py (Apache-2.0).
In: RGB SIZExSIZE, (x - 128) / 128, the picture stretched. Out: [1, GRID, GRID, ANCHORS * (5 + labels)] with GRID =
SIZE / 16, for each anchor tx ty tw th, objectness and the logits of the labels, before any activation. Box centre
(column + sigmoid(tx)) / GRID, width anchor * exp(tw) / GRID; score sigmoid(OBJECTNESS * objectness).
"""
import csv
import dataclasses
import glob
import json
import math
import os

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import mobilenet
import photo
import recipe
import tflite
import trainer
from trainer import F, torch

KINDS = ["car", "bus", "truck", "motorcycle"]


@dataclasses.dataclass
class Net:
    alpha: float
    size: int
    epochs: int
    kinds: bool = False  # tells KINDS apart rather than finding vehicles
    start: str = ""  # the network, trained before, that this one goes on from
    frozen: int = 0  # blocks that keep what they started with
    pruned: int = 0  # epochs of pruning, for a sparse variant
    rate: float = 2e-3

    @property
    def grid(self):
        return self.size // 16

    @property
    def labels(self):
        return KINDS if self.kinds else ["vehicle"]

    @property
    def values(self):
        return 5 + len(self.labels)


NAME = "vehicle_yolov2_mobilenet_"
NETWORKS = {
    NAME + "025_224": Net(0.25, 224, epochs=42, pruned=14),
    NAME + "050_224": Net(0.5, 224, epochs=90, frozen=1),
    NAME + "075_320": Net(0.75, 320, epochs=40, frozen=3, rate=1e-3),
    NAME + "100_320": Net(1.0, 320, epochs=20, frozen=3, start=NAME + "075_320", rate=5e-4),
    "vehicle_kinds_yolov2_mobilenet_050_224": Net(0.5, 224, epochs=30, kinds=True, frozen=1, start=NAME + "050_224", rate=1e-3),
}
# The numbers in the label files, as index in KINDS; other vehicles have no kind.
LABELLED = [0, 3, 1, 2, -1]
LEFT_OUT = ["q0"]  # sources that are only judged by
JUDGED = 150  # pictures of a source to judge by at most, so that none outweighs the others
ANCHORS = 5
# The shipped networks give objectness divided by this: it spreads much farther than the places and sizes beside it,
# which in 8 bit have to do with the same steps.
OBJECTNESS = 4.0
BATCH, STEPS = 24, 80  # STEPS make an epoch
MOST = 40  # boxes of one picture that the loss looks at
ALIKE = 0.6  # overlap of shapes from which on a further anchor answers for a box
IOU = 0.45

# A sample is an RGB picture and its boxes as an array of rows [index in KINDS or -1, x0, y0, x1, y1] in pixels.

def drawn(folder, a):
    truth = json.load(open(folder + "/boxes.json"))
    return [(rgb(cv2.imread(os.path.join(folder, name))), rows(truth[name])) for name in recipe.few(sorted(truth), a)]


def rows(boxes):
    """Boxes of vehicles; bicycles are none."""
    return np.array([[KINDS.index(b["class"]), b["x0"], b["y0"], b["x1"], b["y1"]] for b in boxes or []
                     if b["class"] in KINDS], float).reshape(-1, 5)


def rgb(bgr):
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def footage(path):
    """The pictures of an MJPEG stream with the true boxes beside it."""
    data, truth = open(path, "rb").read(), json.load(open(os.path.join(os.path.dirname(path), "truth.json")))["frames"]
    parts = data.split(b"\xff\xd8\xff")[1:]
    return [(rgb(cv2.imdecode(np.frombuffer(b"\xff\xd8\xff" + p, np.uint8), cv2.IMREAD_COLOR)), rows(t)) for p, t in zip(parts, truth)]


def roads(folder, names):
    """Labelled road pictures as samples."""
    out = []
    for name in names:
        picture = rgb(cv2.imread("%s/%s.jpg" % (folder, name)))
        h, w = picture.shape[:2]
        boxes = []
        for line in open("%s/%s.txt" % (folder, name)).read().split("\n"):
            if line.strip():
                c, x, y, bw, bh = (float(v) for v in line.split())
                boxes.append([LABELLED[int(c)], (x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h])
        out.append((picture, np.array(boxes, float).reshape(-1, 5)))
    return out


def empty(folder):
    """Pictures without vehicles: offices, crowds, belts."""
    return [(rgb(cv2.imread(p)), np.zeros((0, 5))) for p in sorted(glob.glob(folder + "/facebox/*.jpg")[::3] + glob.glob(folder + "/belt_intact/intact/*.jpg")[::4])]


def pasted(sample, other, r):
    """The sample with one to three vehicles of another picture put on it, their edges soft."""
    p, b = sample
    q, candidates = other
    h, w = p.shape[:2]
    out, boxes = p.astype(np.float32), list(b)
    for c in candidates[r.permutation(len(candidates))[:r.integers(1, 4)]]:
        x0, y0, x1, y1 = (int(v) for v in (max(c[1], 0), max(c[2], 0), min(c[3], q.shape[1]), min(c[4], q.shape[0])))
        if min(x1 - x0, y1 - y0) < 24 or any(overlap(c[1:], o[1:]) > 0.1 for o in candidates if o is not c and not np.array_equal(o, c)):
            continue
        cut = q[y0:y1, x0:x1][:, ::r.choice([-1, 1])]
        cw = int(min(w * np.exp(r.uniform(np.log(0.08), np.log(0.5))), w * 0.9))
        ch = int(cw * cut.shape[0] / cut.shape[1])
        if ch >= h or min(cw, ch) < 8:
            continue
        x, y = int(r.integers(0, w - cw)), int(r.integers(0, h - ch))
        box = np.array([c[0], x, y, x + cw, y + ch], float)
        if any(overlap(box[1:], o[1:]) > 0.1 for o in boxes):
            continue
        share = np.zeros((ch, cw), np.float32)
        cv2.rectangle(share, (cw // 12, ch // 12), (cw - cw // 12, ch - ch // 12), 1, -1)
        share = cv2.GaussianBlur(share, (0, 0), max(min(cw, ch) / 16, 0.5))[..., None]
        out[y:y + ch, x:x + cw] = cv2.resize(cut, (cw, ch), interpolation=cv2.INTER_AREA) * share + out[y:y + ch, x:x + cw] * (1 - share)
        boxes.append(box)
    return out.astype(np.uint8), np.array(boxes, float).reshape(-1, 5)


def overlap(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def anchor_sizes(samples, grid):
    """k-means of the boxes' sizes in cells under the distance 1 - IoU, smallest first."""
    sizes = np.concatenate([(b[:, 3:] - b[:, 1:3]) / p.shape[1::-1] * grid for p, b in samples])
    r = np.random.default_rng(8)
    # Training enlarges and shrinks the pictures.
    sizes = np.concatenate([np.minimum(sizes * f, grid) for f in np.exp(r.normal(0, 0.35, (6, len(sizes), 1)))])
    centres = sizes[r.choice(len(sizes), ANCHORS, replace=False)]
    for _ in range(60):
        nearest = shape_overlap(sizes, centres).argmax(1)
        centres = np.array([np.median(sizes[nearest == k], 0) if (nearest == k).any() else centres[k] for k in range(ANCHORS)])
    return centres[np.argsort(centres.prod(1))].round(3)


def shape_overlap(sizes, anchors):
    both = np.minimum(sizes[:, None], anchors[None]).prod(2)
    return both / (sizes.prod(1)[:, None] + anchors.prod(1)[None] - both)


def moved(sample, size, r):
    """A random part of the picture, or the picture small on a plain ground, at the network's size."""
    p, b = sample
    h, w = p.shape[:2]
    scale = np.exp(r.uniform(np.log(0.5), np.log(2.0)))
    sx, sy = scale * np.exp(r.normal(0, 0.1, 2)) * size / (w, h)
    ox, oy = r.random(2) * (size - np.array([sx * w, sy * h]))
    ground = [int(v) for v in p.reshape(-1, 3)[r.integers(h * w)]]
    m = np.array([[sx, 0, ox], [0, sy, oy]])
    out = cv2.warpAffine(cv2.blur(p, (2, 2)) if scale < 0.6 and w > 400 else p, m, (size, size),
                         borderMode=cv2.BORDER_CONSTANT, borderValue=ground)
    b = b.copy()
    b[:, [1, 3]], b[:, [2, 4]] = b[:, [1, 3]] * sx + ox, b[:, [2, 4]] * sy + oy
    if r.random() < 0.5:
        out, b[:, [1, 3]] = out[:, ::-1], size - b[:, [3, 1]]
    return np.ascontiguousarray(out), clipped(b, 0, 0, size, size)


def clipped(b, x0, y0, x1, y1):
    """Boxes cut to a window; those with less than a fifth left, or below 5 pixels, go."""
    area = (b[:, 3:] - b[:, 1:3]).prod(1)
    b = b.copy()
    b[:, 1::2], b[:, 2::2] = b[:, 1::2].clip(x0, x1), b[:, 2::2].clip(y0, y1)
    side = b[:, 3:] - b[:, 1:3]
    return b[(side.prod(1) > area / 5) & (side.min(1) >= 5)]


def mosaic(samples, size, r):
    """Four pictures meeting at a random point."""
    out, boxes = np.zeros((size, size, 3), np.uint8), []
    cx, cy = r.integers(size // 3, size - size // 3, 2)
    for sample, (x0, y0, x1, y1) in zip(samples, [(0, 0, cx, cy), (cx, 0, size, cy), (0, cy, cx, size), (cx, cy, size, size)]):
        p, b = moved(sample, size, r)
        out[y0:y1, x0:x1] = p[y0:y1, x0:x1]
        boxes.append(clipped(b, x0, y0, x1, y1))
    return out, np.concatenate(boxes)


def recoloured(p, r):
    """Bytes with another saturation, hue, contrast, light, sharpness and compression, as cameras differ."""
    grey = np.full((3, 3), 1 / 3)
    m = grey + (np.eye(3) - grey) * r.uniform(0, 1.6)
    if r.random() < 0.15:
        m = m[r.permutation(3)]
    gain, mean = r.uniform(0.6, 1.5), p.mean()
    m *= gain
    offset = mean * (r.uniform(0.6, 1.4) - gain) + r.normal(0, 8, 3)
    p = cv2.transform(np.ascontiguousarray(p), np.column_stack([m, offset]))
    if r.random() < 0.25:
        p = cv2.LUT(p, (255 * (np.arange(256) / 255) ** np.exp(r.normal(0, 0.4))).astype(np.uint8))
    if r.random() < 0.25:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.3, 1.3))
    if r.random() < 0.25:
        p = photo.noisy(p, r.uniform(1, 8))
    if r.random() < 0.3:
        p = photo.compressed(p, int(r.integers(15, 80)))
    return p


def training_sample(kinds, shares, size, r):
    """A training picture, RGB bytes, and its boxes; kinds are lists of samples, shares how often each is drawn."""
    def one():
        of = kinds[r.choice(len(kinds), p=shares)]
        sample = of[r.integers(len(of))]
        return pasted(sample, kinds[0][r.integers(len(kinds[0]))], r) if r.random() < 0.1 else sample
    p, b = mosaic([one() for _ in range(4)], size, r) if r.random() < 0.3 else moved(one(), size, r)
    if r.random() < 0.05:
        q, c = moved(one(), size, r)
        share = r.uniform(0.35, 0.65)
        p, b = cv2.addWeighted(p, share, q, 1 - share, 0), np.concatenate([b, c])
    return recoloured(p, r), b


def target(boxes, anchors, net):
    """What the loss compares with, flat: first [grid, grid, anchors, values] of centre, size (cells), presence and kinds where
    an anchor answers for a box, then up to MOST boxes as centre and size.

    Besides the anchor most like a box those answer for it whose shape overlaps it by ALIKE.
    """
    grid = net.grid
    cells = np.zeros((grid, grid, ANCHORS, net.values), np.float32)
    listed = np.zeros((MOST, 4), np.float32)
    # Large boxes last, so that small ones lose no cell to them.
    boxes = boxes[np.argsort((boxes[:, 3:] - boxes[:, 1:3]).prod(1))]
    for n, (kind, x0, y0, x1, y1) in enumerate(boxes[:MOST]):
        x, y, w, h = np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]) * grid / net.size
        listed[n] = x, y, w, h
        column, row = min(int(x), grid - 1), min(int(y), grid - 1)
        shape = shape_overlap(np.array([[w, h]]), anchors)[0]
        free = [k for k in np.argsort(-shape) if cells[row, column, k, 4] == 0]
        for k in free[:1] + [k for k in free[1:] if shape[k] > ALIKE]:
            cells[row, column, k] = [x, y, w, h, 1] + [float((int(kind) if net.kinds else 0) == c) for c in range(len(net.labels))]
    return np.concatenate([cells.ravel(), listed.ravel()])


def make_loss(anchors, net):
    """The loss of YOLO v2 (Redmon and Farhadi, "YOLO9000", 2017) with complete IoU (Zheng et al. 2020) for places and sizes.

    Objectness goes towards the IoU of prediction and box where an anchor answers for a box and towards 0 elsewhere, but
    not where a prediction overlaps any box by 0.6; it is compared by cross-entropy, as are the kinds.
    """
    grid, values = net.grid, net.values
    column, row = torch.meshgrid(torch.arange(grid).float(), torch.arange(grid).float(), indexing="xy")
    corner = torch.stack([column, row], -1)[None, :, :, None]
    sizes = torch.tensor(np.asarray(anchors), dtype=torch.float32)[None, None, None]

    def iou(xy, wh, xy2, wh2):
        # Component by component: products over a last axis of two are slow.
        sides = [(torch.minimum(xy[..., i] + wh[..., i] / 2, xy2[..., i] + wh2[..., i] / 2)
                  - torch.maximum(xy[..., i] - wh[..., i] / 2, xy2[..., i] - wh2[..., i] / 2)).clamp(min=0) for i in range(2)]
        both = sides[0] * sides[1]
        return both / (wh[..., 0] * wh[..., 1] + wh2[..., 0] * wh2[..., 1] - both + 1e-6)

    def complete(xy, wh, xy2, wh2):
        plain = iou(xy, wh, xy2, wh2)
        whole = torch.maximum(xy + wh / 2, xy2 + wh2 / 2) - torch.minimum(xy - wh / 2, xy2 - wh2 / 2)
        apart = (xy - xy2).square().sum(-1) / (whole.square().sum(-1) + 1e-6)
        aspect = 4 / math.pi ** 2 * (torch.atan(wh2[..., 0] / (wh2[..., 1] + 1e-6)) - torch.atan(wh[..., 0] / (wh[..., 1] + 1e-6))).square()
        with torch.no_grad():
            weight = aspect / (1 - plain + aspect + 1e-6)
        return plain, plain - apart - weight * aspect

    def loss(truth, found):
        n = len(found)
        found = found.reshape(n, grid, grid, ANCHORS, values)
        cells = truth[:, :grid * grid * ANCHORS * values].reshape(found.shape)
        listed = truth[:, grid * grid * ANCHORS * values:].reshape(n, 1, MOST, 4)
        listed = listed[:, :, :max(int((listed[..., 2] > 0).sum(-1).max()), 1)]
        has = cells[..., 4] > 0
        xy = torch.sigmoid(found[..., 0:2]) + corner
        wh = sizes * torch.exp(found[..., 2:4].clamp(-6, 3))
        with torch.no_grad():
            flat = lambda t: t.reshape(n, -1, 1, 2)
            any_box = iou(flat(xy), flat(wh), listed[..., 0:2], listed[..., 2:4]).amax(-1).reshape(has.shape)
        answers, true = found[has], cells[has]
        plain, whole = complete(xy[has], wh[has], true[:, 0:2], true[:, 2:4])
        wanted = torch.zeros_like(cells[..., 4])
        wanted[has] = plain.detach().clamp(min=0.1)
        counted = has | (any_box < 0.6)
        objectness = F.binary_cross_entropy_with_logits(found[..., 4], wanted, reduction="none") * torch.where(has, 2.0, 0.7) * counted
        small = 2 - (true[:, 2:4] / grid).prod(-1)
        total = objectness.sum() + (2.5 * small * (1 - whole)).sum()
        if net.kinds:
            total = total - (true[:, 5:] * F.log_softmax(answers[:, 5:], -1)).sum()
        return total / n
    return loss


def network(net):
    """MobileNet to its twelfth block, joined by the finer grid before it as in YOLO v2, and a head.

    The head answers for 2x2 places in each cell of the coarse grid. All its layers are such as XNNPACK runs sparse: the
    finer grid is joined by a strided convolution and a sum, and the places are laid out at the very end.
    """
    picture = keras.Input((net.size, net.size, 3))
    stages = mobilenet.backbone(picture, net.alpha, 12, around=True)
    wide = int(1024 * net.alpha)
    fine = mobilenet.pointwise(mobilenet.depthwise(stages[11], "fine_dw", 2, around=True), "fine", wide)
    x = layers.Add()([stages[12], fine])
    x = mobilenet.depthwise(x, "head_dw")
    x = mobilenet.pointwise(x, "head", int(704 * net.alpha))
    # Nearly every anchor of nearly every cell is empty.
    bias = np.tile([0, 0, 0, 0, -5] + [0] * len(net.labels), 4 * ANCHORS)
    x = layers.Conv2D(4 * ANCHORS * net.values, 1, name="boxes", bias_initializer=keras.initializers.Constant(bias))(x)
    return keras.Model(picture, Places()(x))


@keras.saving.register_keras_serializable()
class Places(layers.Layer):
    """Lays the channels of each cell out as 2x2 cells."""

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape):
        return shape[0], 2 * shape[1], 2 * shape[2], shape[3] // 4


def decode(values, anchors, least, w, h, gain=OBJECTNESS):
    """Boxes [label, x0, y0, x1, y1, score] of what a shipped network says, best first, weaker ones that overlap by 0.45
    dropped."""
    grid = values.shape[0]
    v = values.reshape(grid, grid, ANCHORS, -1)
    sigmoid = lambda t: 1 / (1 + np.exp(-t))
    e = np.exp(v[..., 5:] - v[..., 5:].max(-1, keepdims=True))
    score = sigmoid(gain * v[..., 4]) * (e / e.sum(-1, keepdims=True)).max(-1)
    kept = []
    for row, col, k in sorted(zip(*np.where(score >= least)), key=lambda i: -score[i]):
        t = v[row, col, k]
        x, y = (col + sigmoid(t[0])) / grid, (row + sigmoid(t[1])) / grid
        bw, bh = anchors[k] * np.exp(t[2:4]) / grid
        box = [int(t[5:].argmax()), max(x - bw / 2, 0) * w, max(y - bh / 2, 0) * h, min(x + bw / 2, 1) * w, min(y + bh / 2, 1) * h]
        if all(overlap(o[1:5], box[1:]) < IOU for o in kept):
            kept.append(box + [float(score[row, col, k])])
    return kept


def matched(found, samples, smallest=0.005):
    """How what was found in the samples compares with the truth: scores, whether each is a vehicle (1) or not (0), whether
    it is of the right kind too, and how many vehicles there are.

    A find is right when it has an IoU of 0.5 with a vehicle that no better find has; vehicles below a part of the
    picture count neither way.
    """
    scores, right, kinds, there = [], [], [], 0
    for boxes, (p, truth) in zip(found, samples):
        large = (truth[:, 3:] - truth[:, 1:3]).prod(1) >= smallest * p.shape[0] * p.shape[1]
        free = [True] * len(truth)
        there += int(large.sum())
        for b in boxes:
            match = [overlap(b[1:5], t[1:]) if f else 0 for t, f in zip(truth, free)]
            k = int(np.argmax(match)) if match else -1
            hit = k >= 0 and match[k] >= 0.5
            if hit:
                free[k] = False
            if not hit or large[k]:
                scores.append(b[5])
                right.append(hit)
                kinds.append(hit and truth[k, 0] == b[0])
    return np.array(scores), np.array(right, bool), np.array(kinds, bool), there


def average_precision(scores, right, there):
    """Area under precision over recall, precision made falling (as Pascal VOC has it since 2010)."""
    right = right[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((falling * right).sum() / max(there, 1))


LEAST = 0.5  # score from which on recall, precision and wrong boxes are counted


def sure(rows):
    """Of pictures' rows, each what matched returns of one: how many boxes there are at LEAST, how many of them are right
    and of the right kind, and how many vehicles there are."""
    scores, right, named, there = zip(*rows)
    at = np.concatenate(scores) >= LEAST
    return at.sum(), np.concatenate(right)[at].sum(), np.concatenate(named)[at].sum(), sum(there)


def figures(kinds):
    """The figures of pictures' rows, as functions by name."""
    def recall(rows):
        _, right, _, there = sure(rows)
        return right / max(there, 1)

    def precision(rows):
        boxes, right, _, _ = sure(rows)
        return right / max(boxes, 1)

    def kind(rows):
        _, right, named, _ = sure(rows)
        return named / max(right, 1)
    return {"AP50": figure, "recall": recall, "precision": precision, **({"kind right": kind} if kinds else {})}


def measure(rated, sets, kinds):
    """The figures of each set; of sets without vehicles the wrong boxes. rated(samples) returns their rows."""
    found = {}
    for title, samples in sets.items():
        rows = rated(samples)
        boxes, right, _, there = sure(rows)
        print("  %s, %d pictures, %d vehicles: at %.1f %d right, %d wrong" % (title, len(samples), there, LEAST, right, boxes - right))
        if there:
            found.update({"%s %s" % (title, name): of(rows) for name, of in figures(kinds).items()})
        else:
            found[title + " wrong boxes"] = boxes - right
    return found


def parts(a):
    """Names of road pictures to train on, and to judge by: whole sources and whole cameras or scenes of the others."""
    rows = [r for r in csv.DictReader(open(a.data + "/manifest.csv")) if r["set"] == "vehicles" and r["file"].endswith(".jpg")]
    kept, held = [], {}
    for r in rows:
        name = os.path.basename(r["file"])[:-4]
        source = name.split("_")[0]
        left_out = source in LEFT_OUT or recipe.share_of(source + r["group"]) < 0.08
        (held.setdefault(source, []) if left_out else kept).append(name)
    some = lambda names: [sorted(names)[int(i)] for i in np.linspace(0, len(names) - 1, min(len(names), JUDGED))]
    return sorted(kept), sorted(name for names in held.values() for name in some(names))


def figure(rows):
    """AP50 of pictures' rows, each what matched returns of one."""
    scores, right, _, there = zip(*rows)
    return average_precision(np.concatenate(scores), np.concatenate(right), sum(there))


def best_threshold(rows):
    """The score from which on boxes have the largest F1, of pictures' rows as figure takes them."""
    scores, right, _, there = zip(*rows)
    scores, right = np.concatenate(scores), np.concatenate(right)
    order = np.argsort(-scores, kind="stable")
    f1 = 2 * np.cumsum(right[order]) / (np.arange(1, len(order) + 1) + max(sum(there), 1))
    return float(np.clip(scores[order][np.argmax(f1)], 0.05, 0.95)) if len(order) else 0.5


def main():
    a = recipe.start(__doc__, list(NETWORKS), epochs={name: n.epochs for name, n in NETWORKS.items()},
                     scenes=("build/scenes", "folder of drawn scenes"),
                     footage=("assets/demos/vehicles/clip.mjpeg", "drawn stream, only measured"))
    this = NETWORKS[a.model]
    kept, held = (recipe.few(names, a, 24) for names in parts(a))
    road, judged = roads(a.data + "/vehicles", kept), roads(a.data + "/vehicles", held)
    none = recipe.few(empty(a.data), a)
    scenes = drawn(a.scenes, a) if os.path.isdir(a.scenes) else road
    print("road pictures %d, left out %d, drawn %d, without vehicles %d" % (len(road), len(judged), len(scenes), len(none)))
    anchors = anchor_sizes(road, this.grid)
    print("anchors in cells, width and height:", anchors.tolist())
    kinds, shares = [road, scenes, none], [0.88, 0.06, 0.06]

    def batch(r):
        both = [training_sample(kinds, shares, this.size, r) for _ in range(BATCH)]
        return np.stack([p for p, _ in both]), np.stack([target(b, anchors, this) for _, b in both])
    r = np.random.default_rng(recipe.SEED)
    examples = np.stack([tflite.to_input(training_sample(kinds, shares, this.size, r)[0]) for _ in range(24 if a.smoke else 200)])
    model = network(this)
    begin(model, this, a, examples[:32], r)
    batches = recipe.Batches(batch, STEPS, a)

    def find(net, p, gain=OBJECTNESS):
        small = cv2.resize(p, (this.size, this.size), interpolation=cv2.INTER_AREA)
        return decode(net(tflite.to_input(small)), anchors, 0.01, p.shape[1], p.shape[0], gain)
    def rated(net, samples, gain=OBJECTNESS):
        return [matched([find(net, s[0], gain)], [s]) for s in samples]
    some = judged[::max(len(judged) // 240, 1)]
    judge = lambda net: figure(rated(net, some, 1.0))
    frozen = trainer.frozen_blocks(model, this.frozen)
    trainer.fit(model, batches, a, make_loss(anchors, this), this.rate, frozen=frozen, judge=judge)
    pruned = None
    if this.pruned:
        pruned = network(this)
        pruned.set_weights(model.get_weights())
        trainer.fit(pruned, batches, a, make_loss(anchors, this), this.rate / 2, this.pruned, pruned=0.8, judge=judge, name=a.model + "_sparse")
    sets = {"footage": recipe.few(footage(a.footage), a, 40), "no vehicles": none}

    def left_out(net):
        rows = list(zip([name.split("_")[0] for name in held], rated(net, judged)))
        return {name: recipe.spread(rows, lambda row: row[0], lambda part, of=of: of([m for _, m in part]))
                for name, of in figures(this.kinds).items()}
    entry = {
        "title": "YOLO v2, MobileNet v1 x%g, %d%s" % (this.alpha, this.size, ", kinds" if this.kinds else ""),
        "source": mobilenet.SOURCE, "task": "yolo", "roles": {"boxes": "grid"}, "labels": "vehicle_kinds" if this.kinds else "vehicle",
        "threshold": 0.5, "iou": IOU, "experimental": True, "yolo": {"kind": "v2", "unit": "cells", "anchors": [anchors.tolist()], "objectness": OBJECTNESS},
    }

    def ready(model):
        return shipped(model, this, best_threshold(rated(trainer.net(trainer.Graph(model)), some, 1.0)))
    recipe.write(ready(model), a, ["boxes"], examples, lambda net: measure(lambda samples: rated(net, samples), sets, this.kinds), entry,
                 pruned and ready(pruned), left_out=left_out)


def shipped(model, this, threshold):
    """The network with its objectness divided by OBJECTNESS; the threshold becomes a score of 0.5."""
    out = network(this)
    out.set_weights(model.get_weights())
    kernel, bias = out.get_layer("boxes").get_weights()
    print("threshold with the largest F1 on left-out pictures: %.3f" % threshold)
    bias.reshape(4 * ANCHORS, this.values)[:, 4] -= np.log(threshold / (1 - threshold))
    for w in (kernel, bias):
        w.reshape(w.shape[:-1] + (4 * ANCHORS, this.values))[..., 4] /= OBJECTNESS
    out.get_layer("boxes").set_weights([kernel, bias])
    return out


def begin(model, this, a, pictures, r):
    """Starts from a network trained before, of the same width or a narrower one, or from published weights."""
    if this.start:
        before = network(NETWORKS[this.start])
        trainer.load(before, "%s/%s" % (a.work, this.start), "batch")
        if NETWORKS[this.start].alpha < this.alpha:
            mobilenet.start_from_narrower(model, before, r)
        else:
            for layer in model.layers:
                if layer.name != "boxes" and layer.weights:
                    layer.set_weights(before.get_layer(layer.name).get_weights())
    else:
        mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[this.alpha]), pictures)


if __name__ == "__main__":
    main()
