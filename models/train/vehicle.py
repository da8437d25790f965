"""Trains and measures the detectors of vehicles named in NETWORKS, YOLO v2 on MobileNet v1 of four widths.

usage: vehicle.py [--shared ../shared] [--scenes build/scenes] [--footage assets/footage/traffic.mjpeg]
                  [--work build/train] [--out models/trained] [--model NAME] [--epochs N] [--smoke]

Wants drawn scenes (scenes.go says how), the built-in footage (only measured), and in the shared folder media/traffic,
media/objects, media/people, media/faces and models: ssd_mobilenet_v1_coco_quant.tflite (labels what has no labels),
deeplabv3_mnv2_dm05_pascal_quant.tflite (cuts vehicles out) and the starts named in mobilenet.py; all Apache-2.0.
In: RGB SIZExSIZE, (x - 128) / 128, the picture stretched. Out: [1, GRID, GRID, ANCHORS * (5 + labels)] with GRID =
SIZE / 16, for each anchor tx ty tw th, objectness and the logits of the labels, before any activation. Box centre
(column + sigmoid(tx)) / GRID, width anchor * exp(tw) / GRID; score sigmoid(OBJECTNESS * objectness).
"""
import dataclasses
import glob
import json
import os

import cv2
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

import mobilenet
import recipe
import tflite

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
    NAME + "025_224": Net(0.25, 224, epochs=40, pruned=12),
    NAME + "050_224": Net(0.5, 224, epochs=18, frozen=3),
    NAME + "075_320": Net(0.75, 320, epochs=5, frozen=7),
    NAME + "100_320": Net(1.0, 320, epochs=2, frozen=7, start=NAME + "075_320", rate=5e-4),
    "vehicle_kinds_yolov2_mobilenet_050_224": Net(0.5, 224, epochs=6, kinds=True, frozen=3, start=NAME + "050_224", rate=1e-3),
}
COCO80 = {2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
VOC_VEHICLES = [6, 7, 14]  # bus, car, motorbike
ANCHORS = 5
# The shipped networks give objectness divided by this: it spreads much farther than the places and sizes beside it,
# which in 8 bit have to do with the same steps.
OBJECTNESS = 4.0
BATCH, STEPS = 24, 60  # STEPS make an epoch
MOST = 24  # boxes of one picture that the loss looks at
HELD_CLIP = (1, 4)  # scenes of cars.mp4, of seven, that are not trained on
IOU = 0.45
# Boxes in the frames of media/traffic, 256x256, drawn by hand; only measured.
FRAMES = {
    "0001.bmp": [("car", 51, 150, 123, 197), ("truck", 211, 145, 256, 191), ("car", 235, 181, 256, 217)],
    "0002.bmp": [("car", 40, 149, 114, 196), ("truck", 205, 144, 256, 191), ("car", 226, 178, 256, 221)],
    "0003.bmp": [("car", 31, 149, 104, 196), ("truck", 197, 143, 253, 189), ("car", 217, 178, 256, 220)],
}


# A sample is an RGB picture and its boxes as an array of rows [index in KINDS, x0, y0, x1, y1] in pixels.

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
    data, truth = open(path, "rb").read(), json.load(open(os.path.splitext(path)[0] + ".json"))["frames"]
    parts = data.split(b"\xff\xd8\xff")[1:]
    return [(rgb(cv2.imdecode(np.frombuffer(b"\xff\xd8\xff" + p, np.uint8), cv2.IMREAD_COLOR)), rows(t)) for p, t in zip(parts, truth)]


def coco(folder):
    """The labelled COCO pictures, kept for training and held out in turn."""
    out = []
    for path in sorted(glob.glob(folder + "/*.jpg")):
        picture = rgb(cv2.imread(path))
        h, w = picture.shape[:2]
        boxes = []
        for line in open(path[:-3] + "txt").read().split("\n"):
            if line.strip() and int(line.split()[0]) in COCO80:
                c, x, y, bw, bh = (float(v) for v in line.split())
                boxes.append([KINDS.index(COCO80[int(c)]), (x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h])
        out.append((picture, np.array(boxes, float).reshape(-1, 5)))
    return out[0::2], out[1::2]


def frames(folder):
    return [(rgb(cv2.imread("%s/%s" % (folder, name))), np.array([[KINDS.index(b[0]), *b[1:]] for b in boxes], float))
            for name, boxes in FRAMES.items()]


class Teacher:
    """SSD MobileNet v1 on COCO; what it finds stands for the truth where there is none."""

    def __init__(self, path, labels):
        self.net = Interpreter(path, num_threads=1)
        self.net.allocate_tensors()
        self.labels = open(labels).read().split("\n")[1:]

    def __call__(self, picture, least):
        h, w = picture.shape[:2]
        self.net.set_tensor(self.net.get_input_details()[0]["index"], cv2.resize(picture, (300, 300))[None])
        self.net.invoke()
        boxes, classes, scores, _ = (self.net.get_tensor(o["index"])[0] for o in self.net.get_output_details())
        found = [[KINDS.index(self.labels[int(c)]), b[1] * w, b[0] * h, b[3] * w, b[2] * h]
                 for b, c, s in zip(boxes, classes, scores) if s >= least and self.labels[int(c)] in KINDS]
        found = np.array(found, float).reshape(-1, 5)
        found[:, 1::2], found[:, 2::2] = found[:, 1::2].clip(0, w), found[:, 2::2].clip(0, h)
        # The teacher may call one vehicle by two names; the first is the surer.
        kept = []
        for b in found:
            if all(overlap(b[1:], k[1:]) < 0.6 for k in kept):
                kept.append(b)
        return np.array(kept).reshape(-1, 5)


def video(path, step):
    clip, n = cv2.VideoCapture(path), 0
    while True:
        ok, bgr = clip.read()
        if not ok:
            return
        if n % step == 0:
            yield rgb(bgr)
        n += 1


def clip_scenes(path, step):
    """Pictures of a video, grouped by scene: it is a run of stills."""
    out, last = [], None
    for p in video(path, step):
        if last is None or np.abs(p.astype(int) - last).mean() > 20:
            out.append([])
        out[-1].append(p)
        last = p
    return out


def without_vehicles(shared, teacher, a):
    """Pictures of other things, kept for training and held out in turn; the teacher sees no vehicle in them."""
    files = [f for kind in ("objects", "faces") for f in sorted(glob.glob("%s/media/%s/*.*" % (shared, kind)))
             if f[-3:] in ("jpg", "bmp", "png") and "mask" not in f]
    pictures = [rgb(cv2.imread(f)) for f in recipe.few(files, a)]
    for f in [] if a.smoke else sorted(glob.glob(shared + "/media/people/*.mp4")):
        pictures += list(video(f, 20))[:12]
    none = [(p, np.zeros((0, 5))) for p in pictures if len(teacher(p, 0.25)) == 0]
    return none[0::2], none[1::2]


def cutouts(samples, path):
    """Vehicles (what kind, RGB and, as a fourth channel, the mask) that DeepLab v3 tells well from the rest of the picture."""
    net = Interpreter(path, num_threads=1)
    net.allocate_tensors()
    out = []
    for p, boxes in samples:
        h, w = p.shape[:2]
        boxes = boxes[(boxes[:, 3:] - boxes[:, 1:3]).min(1) >= 36] if len(boxes) else boxes
        if not len(boxes):
            continue
        net.set_tensor(net.get_input_details()[0]["index"], cv2.resize(p, (513, 513))[None])
        net.invoke()
        mask = np.isin(net.get_tensor(net.get_output_details()[0]["index"])[0], VOC_VEHICLES).astype(np.uint8) * 255
        mask = cv2.resize(mask, (w, h), interpolation=cv2.INTER_LINEAR)
        for i, b in enumerate(boxes):
            x0, y0, x1, y1 = b[1:].astype(int)
            part = mask[y0:y1, x0:x1]
            apart = all(overlap(b[1:], o[1:]) < 0.1 for j, o in enumerate(boxes) if j != i)
            if apart and (part > 127).mean() > 0.45:
                out.append((b[0], np.dstack([p[y0:y1, x0:x1], part])))
    return out


def composed(grounds, cuts, size, r):
    """One to four cut-out vehicles on a picture without any, as a sample."""
    ground, _ = grounds[r.integers(len(grounds))]
    out, boxes = cv2.resize(ground, (size, size)), []
    for _ in range(r.integers(1, 5)):
        kind, cut = cuts[r.integers(len(cuts))]
        cut = np.dstack([recoloured(cut[..., :3], r), cut[..., 3]])[:, ::r.choice([-1, 1])]
        width = size * np.exp(r.uniform(np.log(0.1), np.log(0.67)))
        w, h = max(int(width), 8), max(int(width * cut.shape[0] / cut.shape[1] * np.exp(r.normal(0, 0.1))), 8)
        if h > size:
            continue
        x, y = int(r.integers(0, size - w)), int(r.integers(0, size - h + 1))
        box = [kind, x, y, x + w, y + h]
        if any(overlap(box[1:], o[1:]) > 0.1 for o in boxes):
            continue
        small = cv2.resize(np.ascontiguousarray(cut), (w, h), interpolation=cv2.INTER_AREA)
        share = cv2.GaussianBlur(small[..., 3], (3, 3), 0)[..., None] / 255
        out[y:y + h, x:x + w] = small[..., :3] * share + out[y:y + h, x:x + w] * (1 - share)
        boxes.append(box)
    return out, np.array(boxes, float).reshape(-1, 5)


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
    scale = np.exp(r.uniform(np.log(0.6), np.log(1.6)))
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
    """Bytes with another saturation, hue, contrast, light and sharpness."""
    grey = np.full((3, 3), 1 / 3)
    m = grey + (np.eye(3) - grey) * r.uniform(0, 1.6)
    if r.random() < 0.3:
        m = m[r.permutation(3)]
    gain, mean = r.uniform(0.6, 1.5), p.mean()
    m *= gain
    offset = mean * (r.uniform(0.6, 1.4) - gain) + r.normal(0, 8, 3)
    p = cv2.transform(np.ascontiguousarray(p), np.column_stack([m, offset]))
    if r.random() < 0.3:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.3, 1.3))
    if r.random() < 0.4:
        p = np.clip(p + r.standard_normal(p.shape, np.float32) * r.uniform(1, 8), 0, 255).astype(np.uint8)
    return p


def training_sample(kinds, shares, cuts, size, r):
    """A training picture, RGB bytes, and its boxes; the last of the kinds has no vehicles and is what cuts are put on."""
    def one():
        if cuts and r.random() < 0.25:
            return composed(kinds[-1], cuts, size, r)
        of = kinds[r.choice(len(kinds), p=shares)]
        return of[r.integers(len(of))]
    p, b = mosaic([one() for _ in range(4)], size, r) if r.random() < 0.25 else moved(one(), size, r)
    return recoloured(p, r), b


def target(boxes, anchors, net):
    """What the loss compares with, flat: first [grid, grid, anchors, values] of centre, size (cells), presence and classes where
    an anchor answers for a box, then up to MOST boxes as centre and size."""
    grid = net.grid
    cells = np.zeros((grid, grid, ANCHORS, net.values), np.float32)
    listed = np.zeros((MOST, 4), np.float32)
    for n, (kind, x0, y0, x1, y1) in enumerate(boxes[:MOST]):
        x, y, w, h = np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]) * grid / net.size
        listed[n] = x, y, w, h
        column, row = min(int(x), grid - 1), min(int(y), grid - 1)
        best = [k for k in np.argsort(-shape_overlap(np.array([[w, h]]), anchors)[0]) if cells[row, column, k, 4] == 0]
        if best:
            which = int(kind) if net.kinds else 0
            cells[row, column, best[0]] = [x, y, w, h, 1] + [float(which == c) for c in range(len(net.labels))]
    return np.concatenate([cells.ravel(), listed.ravel()])


def make_loss(anchors, net):
    """The loss of YOLO v2 (Redmon and Farhadi, "YOLO9000", 2017).

    Squared error of place and size for the anchors that answer for a box, more for small boxes; objectness towards
    the IoU of prediction and box there and towards 0 elsewhere, but not where a prediction overlaps any box by 0.6;
    cross-entropy of the classes. Objectness is compared by cross-entropy, which settles sooner than squares.
    """
    grid, values = net.grid, net.values
    column, row = tf.meshgrid(tf.range(grid, dtype=tf.float32), tf.range(grid, dtype=tf.float32))
    corner = tf.stack([column, row], -1)[None, :, :, None]
    sizes = tf.constant(anchors, tf.float32)[None, None, None]

    def iou(xy, wh, xy2, wh2):
        low = tf.maximum(xy - wh / 2, xy2 - wh2 / 2)
        high = tf.minimum(xy + wh / 2, xy2 + wh2 / 2)
        both = tf.reduce_prod(tf.maximum(high - low, 0), -1)
        return both / (tf.reduce_prod(wh, -1) + tf.reduce_prod(wh2, -1) - both + 1e-6)

    def loss(truth, found):
        batch = tf.shape(found)[0]
        found = tf.reshape(found, [batch, grid, grid, ANCHORS, values])
        cells = tf.reshape(truth[:, :grid * grid * ANCHORS * values], tf.shape(found))
        listed = tf.reshape(truth[:, grid * grid * ANCHORS * values:], [batch, 1, 1, 1, MOST, 4])
        xy = tf.sigmoid(found[..., 0:2]) + corner
        wh = sizes * tf.exp(tf.clip_by_value(found[..., 2:4], -6, 3))
        has = cells[..., 4]
        true_xy, true_wh = cells[..., 0:2], cells[..., 2:4]
        weight = has * (2 - tf.reduce_prod(true_wh / grid, -1))
        place = tf.reduce_sum(tf.square(tf.sigmoid(found[..., 0:2]) - (true_xy - corner)), -1)
        size = tf.reduce_sum(tf.square(found[..., 2:4] - tf.math.log(tf.maximum(true_wh, 1e-3) / sizes)), -1)
        any_box = iou(xy[..., None, :], wh[..., None, :], listed[..., 0:2], listed[..., 2:4])
        empty = (1 - has) * tf.cast(tf.reduce_max(any_box, -1) < 0.6, tf.float32)
        sure = tf.stop_gradient(iou(xy, wh, true_xy, true_wh)) * has
        objectness = tf.nn.sigmoid_cross_entropy_with_logits(sure, found[..., 4])
        kind = tf.nn.softmax_cross_entropy_with_logits(cells[..., 5:], found[..., 5:])
        each = weight * (2.0 * place + size) + (3.0 * has + 0.5 * empty) * objectness + has * kind
        return tf.reduce_sum(each, [1, 2, 3])
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


def decode(values, anchors, least, w, h):
    """Boxes [label, x0, y0, x1, y1, score] of what a shipped network says, best first, weaker ones that overlap by 0.45
    dropped."""
    grid = values.shape[0]
    v = values.reshape(grid, grid, ANCHORS, -1)
    sigmoid = lambda t: 1 / (1 + np.exp(-t))
    e = np.exp(v[..., 5:] - v[..., 5:].max(-1, keepdims=True))
    score = sigmoid(OBJECTNESS * v[..., 4]) * (e / e.sum(-1, keepdims=True)).max(-1)
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


def measure(find, sets, kinds, least=0.4):
    """AP50 of each set and, at the threshold least, recall and precision; of sets without vehicles the wrong boxes.

    find(picture) returns boxes as decode does.
    """
    figures = {}
    for title, samples in sets.items():
        scores, right, named, there = matched([find(p) for p, _ in samples], samples)
        sure = scores >= least
        print("  %s, %d pictures, %d vehicles: at %.1f %d right, %d wrong" % (
            title, len(samples), there, least, right[sure].sum(), (~right[sure]).sum()))
        if there:
            figures[title + " AP50"] = average_precision(scores, right, there)
            figures[title + " recall"] = right[sure].sum() / there
            figures[title + " precision"] = right[sure].sum() / max(sure.sum(), 1)
            if kinds:
                figures[title + " kind right"] = named[sure].sum() / max(right[sure].sum(), 1)
        else:
            figures[title + " wrong boxes"] = sure.sum()
    return figures


def main():
    a = recipe.start(__doc__, list(NETWORKS), epochs={name: n.epochs for name, n in NETWORKS.items()},
                     scenes=("build/scenes", "folder of drawn scenes"),
                     footage=("assets/footage/traffic.mjpeg", "drawn stream, only measured"))
    this = NETWORKS[a.model]
    teacher = Teacher(a.shared + "/models/ssd_mobilenet_v1_coco_quant.tflite", a.shared + "/models/ssd_coco_labels.txt")
    coco_kept, coco_held = coco(a.shared + "/media/traffic/coco128")
    scenes = drawn(a.scenes, a) if os.path.isdir(a.scenes) else coco_kept
    clip = [[(p, teacher(p, 0.4)) for p in s] for s in clip_scenes(a.shared + "/media/traffic/cars.mp4", 100 if a.smoke else 5)]
    clip_kept = [x for i, s in enumerate(clip) if i not in HELD_CLIP for x in s[::4]]
    clip_held = [clip[i][0] for i in HELD_CLIP if i < len(clip)]  # each scene is a still
    other_kept, other_held = without_vehicles(a.shared, teacher, a)
    cuts = cutouts(recipe.few(coco_kept + clip_kept, a, 4), a.shared + "/models/deeplabv3_mnv2_dm05_pascal_quant.tflite")
    print("drawn %d; cars.mp4 %d scenes, %d pictures kept, %d held out; COCO %d and %d; without vehicles %d and %d; cut out %d" % (
        len(scenes), len(clip), len(clip_kept), len(clip_held), len(coco_kept), len(coco_held), len(other_kept), len(other_held), len(cuts)))
    anchors = anchor_sizes(scenes + clip_kept + coco_kept, this.grid)
    print("anchors in cells, width and height:", anchors.tolist())

    kinds, shares = [scenes, clip_kept, coco_kept, other_kept], [0.45, 0.25, 0.15, 0.15]

    def batch(r):
        both = [training_sample(kinds, shares, cuts, this.size, r) for _ in range(BATCH)]
        return np.stack([tflite.to_input(p) for p, _ in both]), np.stack([target(b, anchors, this) for _, b in both])
    r = np.random.default_rng(recipe.SEED)
    examples = np.stack([tflite.to_input(training_sample(kinds, shares, cuts, this.size, r)[0]) for _ in range(24 if a.smoke else 150)])
    model = network(this)
    begin(model, this, a, examples[:32], r)
    batches = recipe.Batches(batch, STEPS, a)

    def train(model, rate, epochs):
        model.compile(keras.optimizers.AdamW(recipe.schedule(rate, epochs * len(batches)), weight_decay=1e-3, clipnorm=20),
                      make_loss(anchors, this), jit_compile=False)
        return model
    recipe.fit(train(model, this.rate, a.epochs), batches, a)
    pruned = None
    if this.pruned:
        pruned = network(this)
        pruned.set_weights(model.get_weights())
        recipe.prune(train(pruned, this.rate / 2, this.pruned), batches, a, this.pruned)
    sets = {"photographs": coco_held + frames(a.shared + "/media/traffic/frames") + clip_held,
            "footage": recipe.few(footage(a.footage), a, 40), "no vehicles": other_held}

    def measured(net):
        def find(p):
            return decode(net(tflite.to_input(cv2.resize(p, (this.size, this.size)))), anchors, 0.01, p.shape[1], p.shape[0])
        return measure(find, sets, this.kinds)
    entry = {
        "title": "YOLO v2, MobileNet v1 x%g, %d%s" % (this.alpha, this.size, ", kinds" if this.kinds else ""),
        "source": mobilenet.SOURCE, "task": "yolo", "roles": {"boxes": "grid"}, "labels": "vehicle_kinds" if this.kinds else "vehicle",
        "threshold": 0.4, "iou": IOU, "experimental": True, "yolo": {"kind": "v2", "unit": "cells", "anchors": [anchors.tolist()], "objectness": OBJECTNESS},
    }
    recipe.write(shipped(model, this), a, ["boxes"], examples, measured, entry, pruned and shipped(pruned, this))


def shipped(model, this):
    """The network with its objectness divided by OBJECTNESS."""
    out = network(this)
    out.set_weights(model.get_weights())
    kernel, bias = out.get_layer("boxes").get_weights()
    for w in (kernel, bias):
        w.reshape(w.shape[:-1] + (4 * ANCHORS, this.values))[..., 4] /= OBJECTNESS
    out.get_layer("boxes").set_weights([kernel, bias])
    return out


def begin(model, this, a, pictures, r):
    """Starts from a network trained before, of the same width or a narrower one, or from published weights."""
    if this.start:
        trained = "%s/%s.weights.h5" % (a.work, this.start)
        if not os.path.exists(trained):
            raise SystemExit("%s goes on from %s: train that first" % (a.model, this.start))
        before = network(NETWORKS[this.start])
        before.load_weights(trained)
        if NETWORKS[this.start].alpha < this.alpha:
            mobilenet.start_from_narrower(model, before, r)
        else:
            for layer in model.layers:
                if layer.name != "boxes" and layer.weights:
                    layer.set_weights(before.get_layer(layer.name).get_weights())
    else:
        mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[this.alpha]), pictures)
    if this.frozen:
        for layer in model.layers[:model.layers.index(model.get_layer("pw%d_relu" % this.frozen)) + 1]:
            layer.trainable = False


if __name__ == "__main__":
    main()
