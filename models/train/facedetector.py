"""Trains and measures facedetector_mobilenet_025_320 and _050_320: where are faces, and their eyes, noses and mouths?

usage: facedetector.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--model NAME]
                       [--epochs N] [--smoke]

Wants of data.py the sets facebox (grey photographs with loose boxes, the smallest faces of crowds without), utkface,
fairface and lfw (faces to put into pictures), vehicles and belt_intact (pictures to put them into), and in the shared
folder media/objects and media/traffic (more of those), media/faces, media/people, media/recognition and media/spoof
(photographs, every other one trained on), models/ultralight_face_rfb_320.tflite (MIT), which finds the faces in
photographs and says how tight a box is, models/ultralight_face_landmark.tflite (no licence stated), which finds eyes,
noses and mouths, and the starts named in mobilenet.py (Apache-2.0).

Left out are the groups of near-duplicate pictures of facebox whose share_of is below LEFT_OUT; the figure is the recall
of faces wider than LARGE of the picture where 0.1 boxes a picture are false.

An SSD (Liu et al., 2016) of the kind of Ultra-Light, on MobileNet v1, its features of stride 16 added to those of stride
8 (Lin et al., "Feature Pyramid Networks", 2017). In: image [1 240 320 3] RGB, (x - 128) / 128, the picture stretched.
Out, for each of 3160 anchors: boxes [1 3160 4], centre as part of the anchor's size times 0.1 and size as logarithm times
0.2; landmarks [1 3160 10], as the centre; scores [1 3160 2], logits of nothing and of a face.
"""
import csv
import dataclasses
import glob

import cv2
import keras
import numpy as np
from keras import layers

import faces
import mobilenet
import photo
import recipe
import tflite
import trainer
from trainer import F, torch


@dataclasses.dataclass
class Net:
    alpha: float
    epochs: int
    wide: int  # channels of the heads


NETWORKS = {"facedetector_mobilenet_025_320": Net(0.25, 40, 64), "facedetector_mobilenet_050_320": Net(0.5, 30, 96)}
WIDTH, HEIGHT = 320, 240
# Stride, sides of the anchors, stage of the backbone.
LAYERS = [(8, (12, 24), 5), (16, (44, 72), 11), (32, (112, 176), 12)]
PLACE, LOG = 0.1, 0.2
ENTRY = {
    "source": mobilenet.SOURCE, "task": "face", "use": "research", "threshold": 0.4, "iou": 0.4,
    "face": {"kind": "ultralight", "layers": [{"stride": stride, "boxes": [[side, side] for side in sides]} for stride, sides, _ in LAYERS],
             "variances": [PLACE, LOG], "logits": True},
}
BATCH, STEPS = 16, 100  # STEPS make an epoch
LEAST = 0.35  # IoU from which on an anchor answers for a face
SMALLEST = 10  # pixels of a face that counts
CARDS = 1300  # pictures of each set of faces that are used
GROUNDS = 250  # road pictures that are used
LEFT_OUT, LARGE = 0.15, 0.05
CROWD, UNBOXED = 4, 12  # of so many faces on, those of fewer pixels at the input's size may have no box
RIGHT = 0.4  # IoU of a box that is right
MOST = 300  # surest anchors of a picture that are looked at

# A sample is an RGB picture and its faces as rows: box x0 y0 x1 y1, then five points x y (NaN where not known), in pixels.

def anchors():
    rows = []
    for stride, sides, _ in LAYERS:
        for y in range(-(-HEIGHT // stride)):
            for x in range(-(-WIDTH // stride)):
                rows += [((x + 0.5) * stride, (y + 0.5) * stride, side, min(side, HEIGHT)) for side in sides]
    return np.array(rows, np.float32)


ANCHORS = anchors()


def labelled(picture, boxes, points):
    """What published detectors find in a photograph, seen whole and in four overlapping parts."""
    h, w = picture.shape[:2]
    found = []
    parts = [(0, 0, w, h)] + [(x, y, x + w * 5 // 8, y + h * 5 // 8) for x in (0, w * 3 // 8) for y in (0, h * 3 // 8)]
    for x0, y0, x1, y1 in parts:
        small = cv2.resize(picture[y0:y1, x0:x1], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        scale, corner = np.array([(x1 - x0) / WIDTH, (y1 - y0) / HEIGHT]), np.array([x0, y0])
        scores, places, _ = boxes(small)
        sure, marked, marks = points(small)
        for i in np.flatnonzero(scores > 0.8):
            near = overlaps(places[i:i + 1], marked)[0] * (sure > 0.5)
            j = int(np.argmax(near))
            five = marks[j] * scale + corner if near[j] > 0.4 else np.full((5, 2), np.nan)
            box = (places[i].reshape(2, 2) * scale + corner).ravel()
            # A face cut by the edge of a part is found whole in another.
            inner = (x0 == 0 or box[0] > x0 + 4) and (y0 == 0 or box[1] > y0 + 4) and (x1 == w or box[2] < x1 - 4) and (y1 == h or box[3] < y1 - 4)
            if inner or (x0, y0, x1, y1) == parts[0]:
                found.append((scores[i] + (0 if np.isnan(five).any() else 1), np.concatenate([box, five.ravel()])))
    kept = []
    for _, row in sorted(found, key=lambda f: -f[0]):
        if all(overlaps(row[None, :4], k[None, :4])[0, 0] < 0.35 and not inside(row, k) for k in kept):
            kept.append(row)
    return picture, np.array(kept).reshape(-1, 14)


def inside(a, b):
    """Whether most of box a lies in box b."""
    both = np.minimum(a[2:4], b[2:4]) - np.maximum(a[:2], b[:2])
    return both.min() > 0 and both.prod() > 0.6 * (a[2:4] - a[:2]).prod()


def overlaps(a, b):
    """IoU of each box of a with each of b."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    both = np.maximum(high - low, 0).prod(2)
    area = lambda x: np.maximum(x[:, 2:4] - x[:, :2], 0).prod(1)
    return both / np.maximum(area(a)[:, None] + area(b)[None] - both, 1e-6)


def files(shared, a):
    """Photographs with people, trained on and held out: they alternate, but those of one sitting stay together."""
    found = [f for kind in ("faces", "recognition", "spoof") for f in sorted(glob.glob("%s/media/%s/*.*" % (shared, kind))) if f[-3:] in ("jpg", "png")]
    sitting = [f for f in found if "/portrait" in f]
    others = [f for f in found if f not in sitting]
    return [recipe.few(some, a, 3) for some in (others[0::2], others[1::2] + sitting)]


def photographs(shared, a):
    """Those photographs, then frames of clips, with their faces."""
    parts = [[cv2.imread(f)[..., ::-1] for f in some] for some in files(shared, a)]
    for n, f in enumerate([] if a.smoke else sorted(glob.glob(shared + "/media/people/*.mp4"))):
        parts[n % 2] += frames(f)
    boxes, points = faces.box_detector(shared), faces.landmark_detector(shared)
    return [[labelled(np.ascontiguousarray(p), boxes, points) for p in part] for part in parts]


def frames(path, every=60):
    clip, out = cv2.VideoCapture(path), []
    while clip.grab():
        _, bgr = clip.retrieve()
        out.append(bgr[..., ::-1])
    return out[::every]


def grounds(a):
    """Pictures in which there is no face."""
    paths = sorted(glob.glob(a.shared + "/media/objects/*.*") + glob.glob(a.shared + "/media/traffic/coco128/*.jpg") + glob.glob(a.shared + "/media/traffic/frames/*.bmp"))
    roads, belts = (sorted(glob.glob(a.data + f)) for f in ("/vehicles/*.jpg", "/belt_intact/intact/*.jpg"))
    paths += roads[::max(len(roads) // GROUNDS, 1)] + belts[::2]
    find, kept = faces.box_detector(a.shared), []
    for path in recipe.few([p for p in paths if p[-3:] in ("jpg", "bmp") and "mask" not in p], a):
        p = rgb(path)
        if find(cv2.resize(p, (WIDTH, HEIGHT)))[0].max() < 0.4:
            kept.append(p)
    return kept


def rgb(path):
    return cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)


def cards(a):
    """Pictures that one face fills, with that face's box and landmarks, trained on and not; kept in the folder of work."""
    kept = "%s/cards%s.npz" % (a.work, "_smoke" if a.smoke else "")
    try:
        found = np.load(kept)
    except FileNotFoundError:
        boxes, points, pictures, rows = faces.box_detector(a.shared), faces.landmark_detector(a.shared), [], []
        for name in ("utkface", "fairface", "lfw"):
            all_of = np.load("%s/%s/faces.npy" % (a.data, name), mmap_mode="r")
            for p in recipe.few(all_of, a)[::max(len(all_of) // CARDS, 1)]:
                p = cv2.resize(p, (144, 144), interpolation=cv2.INTER_AREA)
                box, five = faces.best_face(boxes, p, 0.8), faces.best_face(points, p, 0.6)
                if box and five:
                    pictures.append(p)
                    rows.append(np.concatenate([box[0].ravel(), five[1].ravel()]))
        np.savez(kept, pictures=np.array(pictures), rows=np.array(rows))
        found = np.load(kept)
    all_of = list(zip(found["pictures"], found["rows"]))
    return [c for n, c in enumerate(all_of) if n % 10], all_of[::10]


def facebox(a):
    """Samples of the set, trained on and left out; the boxes of those left out are as they were drawn."""
    with open(a.data + "/manifest.csv") as f:
        listed = [r for r in csv.DictReader(f) if r["set"] == "facebox" and r["file"].endswith(".jpg")]
    parts = [[r for r in listed if (recipe.share_of("facebox" + r["group"]) < LEFT_OUT) == out] for out in (False, True)]
    boxes, points = faces.box_detector(a.shared), faces.landmark_detector(a.shared)
    kept, held = ([drawn("%s/facebox/%s" % (a.data, r["file"].split("/")[-1])) for r in recipe.few(part, a)] for part in parts)
    return [tightened(*sample, boxes, points) for sample in kept], held


def drawn(path):
    """A picture with the boxes that somebody drew."""
    p, rows = rgb(path), []
    h, w = p.shape[:2]
    with open(path[:-4] + ".txt") as f:
        for line in f:
            x, y, bw, bh = (float(v) for v in line.split()[1:5])
            rows.append([(x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h] + [np.nan] * 10)
    return p, np.array(rows).reshape(-1, 14)


def tightened(p, rows, boxes, points):
    """The sample with boxes as tight as the published detector's and with landmarks, where it finds the face, and with
    faces that have no box; other boxes shrink as those do in the middle."""
    found = labelled(p, boxes, points)[1]
    iou = overlaps(found, rows)
    out = rows.copy()
    for k in range(len(rows)):
        if len(found) and iou[:, k].max() > 0.3:
            out[k] = found[int(iou[:, k].argmax())]
        else:
            x0, y0, x1, y1 = rows[k, :4]
            out[k, :4] = x0 + 0.06 * (x1 - x0), y0 + 0.12 * (y1 - y0), x1 - 0.06 * (x1 - x0), y1
    more = [f for n, f in enumerate(found) if not len(rows) or iou[n].max() < 0.1 and not any(inside(f, row) for row in rows)]
    return p, np.concatenate([out, np.array(more).reshape(-1, 14)])


def composed(ground, cards, r):
    """One to ten faces, and as many pieces of other pictures so that an edge alone tells nothing, on a ground."""
    out = cv2.resize(part_of(ground[r.integers(len(ground))], r), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    taken, rows = [], []
    many = r.random() < 0.3
    for n in range(int(r.integers(1, 11 if many else 5))):
        face = r.random() < 0.75
        p, row = cards[r.integers(len(cards))] if face else (part_of(ground[r.integers(len(ground))], r), None)
        side = int(np.exp(r.uniform(np.log(13), np.log(80 if many else 230))))
        x, y = int(r.integers(-side // 6, WIDTH - side * 5 // 6)), int(r.integers(-side // 6, HEIGHT - side * 5 // 6))
        where = np.array([[x, y, x + side, y + side]], float)
        if taken and overlaps(where, np.array(taken)).max() > 0.02:
            continue
        taken.append(where[0])
        if face and r.random() < 0.25:
            p = masked(p, row[4:].reshape(5, 2), r)
        p = exposed(cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA), r, 0.2, 12)
        share = np.ones((side, side), np.float32)
        if r.random() < 0.7:
            share = np.zeros((side, side), np.float32)
            cv2.ellipse(share, (side // 2, side // 2), (int(side * r.uniform(0.4, 0.52)), int(side * r.uniform(0.46, 0.56))), 0, 0, 360, 1, -1)
            share = cv2.GaussianBlur(share, (0, 0), max(side * 0.04, 0.6))
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, WIDTH), min(y + side, HEIGHT)
        s = share[y0 - y:y1 - y, x0 - x:x1 - x, None]
        out[y0:y1, x0:x1] = p[y0 - y:y1 - y, x0 - x:x1 - x] * s + out[y0:y1, x0:x1] * (1 - s)
        if face:
            rows.append(row * side / cards[0][0].shape[0] + np.tile([x, y], 7))
    return out, np.array(rows).reshape(-1, 14)


def masked(p, five, r):
    """The picture with a mask of some colour over nose and mouth."""
    across, middle = (five[4] - five[3]) * r.uniform(0.7, 1), (five[3] + five[4]) / 2
    down = (middle - (five[0] + five[1]) / 2) * r.uniform(0.5, 0.8)
    shape = np.array([five[2] * 0.6 + five[:2].mean(0) * 0.4, middle - across - down * 0.6, middle - across * 0.9 + down * 0.5,
                      middle + down, middle + across * 0.9 + down * 0.5, middle + across - down * 0.6])
    colour = r.uniform(30, 250) * np.exp(r.normal(0, 0.1, 3))
    return cv2.fillPoly(p.copy(), [np.int32(shape)], [int(min(v, 255)) for v in colour])


def exposed(p, r, contrast, light, tint=0.0):
    """The picture, bytes, of another contrast, light and tint, by standard deviations."""
    steps = ((np.arange(256) - 128) * np.exp(r.normal(0, contrast)) + 128 + r.normal(0, light))[:, None] * np.exp(r.normal(0, tint, 3))
    return cv2.LUT(p, np.clip(steps, 0, 255).astype(np.uint8)[None])


def part_of(p, r):
    h, w = p.shape[:2]
    ch, cw = int(h * r.uniform(0.4, 1)), int(w * r.uniform(0.4, 1))
    y, x = int(r.integers(0, h - ch + 1)), int(r.integers(0, w - cw + 1))
    return p[y:y + ch, x:x + cw]


def moved(sample, r):
    """A photograph or a part of it at another size, turned a little, at 320x240, and how much larger it became."""
    p, rows = sample
    h, w = p.shape[:2]
    scale = np.exp(r.uniform(np.log(0.7), np.log(2.8)))
    sx, sy = scale * np.exp(r.normal(0, 0.12, 2)) * np.array([WIDTH / w, HEIGHT / h])
    turn = np.radians(r.normal(0, 6))
    m = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([sx, sy])
    if len(rows) and scale > 1:  # a face, not a corner, is looked at
        row = rows[r.integers(len(rows))]
        aim = (row[:2] + row[2:4]) / 2
    else:
        aim = r.random(2) * (w, h)
    shift = np.array([WIDTH, HEIGHT]) * r.uniform(0.25, 0.75, 2) - m @ aim
    small = cv2.resize(p, None, fx=max(scale, 0.2) * WIDTH / w * 1.5, fy=max(scale, 0.2) * HEIGHT / h * 1.5, interpolation=cv2.INTER_AREA) if w > 800 and scale < 1 else p
    fit = np.diag([w / small.shape[1], h / small.shape[0]])
    out = cv2.warpAffine(small, np.column_stack([m @ fit, shift]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT,
                         borderValue=cv2.mean(p)[:3])
    new = []
    for row in rows:
        x0, y0, x1, y1 = row[:4]
        middle, half = m @ [(x0 + x1) / 2, (y0 + y1) / 2] + shift, np.array([sx * (x1 - x0), sy * (y1 - y0)]) / 2
        new.append(np.concatenate([middle - half, middle + half, (row[4:].reshape(5, 2) @ m.T + shift).ravel()]))
    return out, np.array(new).reshape(-1, 14), scale


def finished(p, rows, r):
    """Mirrored, of another exposure, tint, sharpness and compression; faces of which little is left or seen go."""
    if r.random() < 0.5:
        p, rows = cv2.flip(p, 1), rows.copy()
        rows[:, 0::2] = WIDTH - rows[:, 0::2]
        rows = rows[:, [2, 1, 0, 3, 6, 7, 4, 5, 8, 9, 12, 13, 10, 11]]
    p = exposed(p, r, 0.25, 18, 0.07)
    if r.random() < 0.4:
        p = cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if r.random() < 0.25:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.5))
    if r.random() < 0.3:
        noise = cv2.randn(np.empty((HEIGHT, WIDTH, 1), np.int16), 0, r.uniform(1, 9))
        p = np.clip(p + noise, 0, 255).astype(np.uint8)
    if r.random() < 0.3:
        p = photo.compressed(p, int(r.uniform(30, 90)))
    seen = np.column_stack([rows[:, 0:1].clip(0, WIDTH), rows[:, 1:2].clip(0, HEIGHT), rows[:, 2:3].clip(0, WIDTH), rows[:, 3:4].clip(0, HEIGHT)])
    area = lambda b: (b[:, 2:4] - b[:, :2]).clip(0).prod(1)
    good = (area(seen) > 0.5 * area(rows)) & ((rows[:, 2:4] - rows[:, :2]).min(1) >= 6)
    return p, rows[good]


CORNERS = np.column_stack([ANCHORS[:, :2] - ANCHORS[:, 2:] / 2, ANCHORS[:, :2] + ANCHORS[:, 2:] / 2])


def target(rows, unboxed=0):
    """For each anchor: 1 for a face, 0 for none, -1 for either; box and landmarks; whether the landmarks count.

    Anchors smaller than unboxed that answer for no face count for nothing."""
    out = np.zeros((len(ANCHORS), 16), np.float32)
    if len(rows):
        iou = overlaps(CORNERS, rows[:, :4].astype(np.float32))
        best, which = iou.max(1), iou.argmax(1)
        for k in range(len(rows)):  # every face has its anchor
            i = int(iou[:, k].argmax())
            best[i], which[i] = 1, k
        out[:, 0] = np.where(best >= LEAST, 1, np.where(best > 0.3, -1, 0))
        row = rows[which].astype(np.float32)
        centre, size = (row[:, :2] + row[:, 2:4]) / 2, row[:, 2:4] - row[:, :2]
        out[:, 1:3] = (centre - ANCHORS[:, :2]) / ANCHORS[:, 2:] / PLACE
        out[:, 3:5] = np.log(np.maximum(size, 1) / ANCHORS[:, 2:]) / LOG
        points = ((row[:, 4:].reshape(-1, 5, 2) - ANCHORS[:, None, :2]) / ANCHORS[:, None, 2:] / PLACE).reshape(-1, 10)
        out[:, 15] = ~np.isnan(points).any(1)
        out[:, 5:15] = np.nan_to_num(points)
    out[(ANCHORS[:, 2] < unboxed) & (out[:, 0] == 0), 0] = -1
    return out


def loss(truth, found):
    """Cross-entropy of faces and the hardest of the rest, seven for each; smooth distances of boxes and landmarks."""
    boxes, points, scores = found
    face, none = truth[..., 0] > 0.5, truth[..., 0].abs() < 0.5
    count = face.sum(1)
    entropy = F.cross_entropy(scores.reshape(-1, 2), face.long().flatten(), reduction="none").reshape(face.shape)
    hard = (entropy * none).sort(1, descending=True).values
    taken = torch.arange(hard.shape[1])[None] < 7 * count[:, None] + 20
    near = F.smooth_l1_loss(boxes[face], truth[..., 1:5][face], reduction="sum")
    marked = truth[..., 15] > 0
    near_points = F.smooth_l1_loss(points[marked & face], truth[..., 5:15][marked & face], reduction="sum")
    return (entropy[face].sum() + hard[taken].sum() + 2 * near + 0.5 * near_points) / (count.sum() + 1)


def network(net):
    picture = keras.Input((HEIGHT, WIDTH, 3))
    stages = mobilenet.backbone(picture, net.alpha, 12)
    fine = mobilenet.pointwise(stages[LAYERS[0][2]], "fine", net.wide)
    coarse = mobilenet.pointwise(stages[LAYERS[1][2]], "coarse", net.wide)
    features = [layers.Add()([fine, layers.UpSampling2D(2, interpolation="bilinear")(coarse)])] + [stages[stage] for _, _, stage in LAYERS[1:]]
    parts = {"boxes": [], "landmarks": [], "scores": []}
    for i, (x, (_, sides, _)) in enumerate(zip(features, LAYERS)):
        for k in range(2):
            x = mobilenet.depthwise(x, "head%d%d_dw" % (i, k))
            x = mobilenet.pointwise(x, "head%d%d" % (i, k), net.wide)
        for name, values in (("boxes", 4), ("landmarks", 10), ("scores", 2)):
            bias = np.tile([2.0, -2.0], len(sides)) if name == "scores" else np.zeros(values * len(sides))
            y = layers.Conv2D(values * len(sides), 1, name="%s%d" % (name, i), bias_initializer=keras.initializers.Constant(bias))(x)
            parts[name].append(layers.Reshape((-1, values))(y))
    return keras.Model(picture, [layers.Concatenate(axis=1, name=name)(tensors) for name, tensors in parts.items()])


def decode(out, least, width, height):
    """Faces as rows of box, landmarks and score in pixels of a picture of this size, surest first."""
    logits = out["scores"]
    score = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    keep = np.flatnonzero(score >= least)
    keep = keep[np.argsort(-score[keep])][:MOST]
    centre = ANCHORS[keep, :2] + out["boxes"][keep, :2] * PLACE * ANCHORS[keep, 2:]
    half = np.exp(out["boxes"][keep, 2:] * LOG) * ANCHORS[keep, 2:] / 2
    points = ANCHORS[keep, None, :2] + out["landmarks"][keep].reshape(-1, 5, 2) * PLACE * ANCHORS[keep, None, 2:]
    rows = np.column_stack([centre - half, centre + half, points.reshape(-1, 10), score[keep]])
    rows[:, 0:14:2] *= width / WIDTH
    rows[:, 1:14:2] *= height / HEIGHT
    kept = []
    for row in rows:
        if not kept or overlaps(row[None, :4], np.array(kept)).max() < 0.4:
            kept.append(row)
    return np.array(kept).reshape(-1, 15)


def measure(net, sets, least=0.4):
    """At the threshold least: recall, wrong boxes a picture, and the mean distance of landmarks in parts of that between
    the eyes. Faces below SMALLEST pixels at the input's size count neither way."""
    figures = {}
    for title, samples in sets.items():
        right, there, wrong, off = 0, 0, 0, []
        for p, rows in samples:
            h, w = p.shape[:2]
            small = cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            found = decode(net(tflite.to_input(small)), least, w, h)
            large = ((rows[:, 2:4] - rows[:, :2]) * [WIDTH / w, HEIGHT / h]).min(1) >= SMALLEST
            there += int(large.sum())
            free = np.ones(len(rows), bool)
            for f in found:
                iou = overlaps(f[None, :4], rows[:, :4])[0] * free if len(rows) else np.zeros(1)
                k = int(np.argmax(iou))
                if iou[k] < 0.4:
                    wrong += 1
                    continue
                free[k] = False
                right += int(large[k])
                if large[k] and not np.isnan(rows[k]).any():
                    truth, five = rows[k, 4:].reshape(5, 2), f[4:14].reshape(5, 2)
                    off.append(np.linalg.norm(truth - five, axis=1).mean() / max(np.linalg.norm(truth[0] - truth[1]), 1e-3))
        print("  %s, %d pictures, %d faces: %d found, %d wrong" % (title, len(samples), there, right, wrong))
        if there:
            figures[title + " recall"] = right / there
        figures[title + " wrong a picture"] = wrong / len(samples)
        if off:
            figures[title + " landmarks off"] = np.mean(off)
    return figures


def compared(net, p, rows):
    """Scores of the boxes found in a picture, whether each is right, and how many faces of LARGE there are; smaller faces
    and smaller boxes count neither way."""
    h, w = p.shape[:2]
    found = decode(net(tflite.to_input(cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))), 0.02, w, h)
    large, free, out = rows[:, 2] - rows[:, 0] > LARGE * w, np.ones(len(rows), bool), []
    for f in found:
        iou = overlaps(f[None, :4], rows[:, :4])[0] * free if len(rows) else np.zeros(1)
        k = int(np.argmax(iou))
        hit = bool(iou[k] >= RIGHT)
        if hit:
            free[k] = False
        if large[k] if hit else f[2] - f[0] > LARGE * w:
            out.append((f[14], hit))
    return out, int(large.sum())


def recall(results, wrong=0.1):
    """Share of the faces found at the score where so many boxes a picture are false, of what compared returns."""
    scored = sorted((f for found, _ in results for f in found), key=lambda f: -f[0])
    hits = np.array([hit for _, hit in scored], bool)
    allowed = np.cumsum(~hits) <= wrong * len(results)
    return float((hits & allowed).sum() / max(sum(there for _, there in results), 1))


def main():
    a = recipe.start(__doc__, list(NETWORKS), epochs={name: n.epochs for name, n in NETWORKS.items()})
    this = NETWORKS[a.model]
    known, strangers = cards(a)
    kept, held = photographs(a.shared, a)
    boxed, judged = facebox(a)
    ground = grounds(a)
    ground, empty = ground[0::2], ground[1::2]
    print("faces %d and %d left out; facebox %d (%d faces) and %d (%d) left out; photographs %d and %d left out; without faces %d and %d" % (
        len(known), len(strangers), len(boxed), sum(len(k[1]) for k in boxed), len(judged), sum(len(k[1]) for k in judged), len(kept), len(held), len(ground), len(empty)))

    def sample(r):
        kind = r.random()
        if kind < 0.35:
            return *finished(*composed(ground, known, r), r), 0
        of = kept if kind < 0.5 else boxed
        p, rows = of[r.integers(len(of))]
        unboxed = UNBOXED if of is boxed and len(rows) >= CROWD else 0
        p, rows, scale = moved((p, rows), r)
        return *finished(p, rows, r), unboxed * scale

    def batch(r):
        cv2.setRNGSeed(int(r.integers(2 ** 31)))
        some = [sample(r) for _ in range(BATCH)]
        return np.stack([p for p, _, _ in some]), np.stack([target(rows, unboxed) for _, rows, unboxed in some])
    r = np.random.default_rng(recipe.SEED)
    examples = np.stack([tflite.to_input(sample(r)[0]) for _ in range(16 if a.smoke else 150)])
    model = network(this)
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[this.alpha]), examples[:32])
    judge = lambda net: recall([compared(net, *s) for s in judged])
    trainer.fit(model, recipe.Batches(batch, STEPS, a), a, loss, 2e-3, judge=judge)
    r = np.random.default_rng(9)
    made = [composed(empty, strangers, r) for _ in range(12 if a.smoke else 150)]
    sets = {"photographs": held, "composed": made, "no faces": [(p, np.zeros((0, 14))) for p in empty], "facebox": judged}

    def left_out(net):
        results = [(kind(rows), compared(net, p, rows)) for p, rows in judged]
        return {"recall at 0.1 false a picture": recipe.spread(results, lambda row: row[0], lambda some: recall([result for _, result in some]))}
    entry = {"title": "Face SSD, MobileNet v1 x%g, 320" % this.alpha, **ENTRY}
    recipe.write(model, a, ["boxes", "landmarks", "scores"], examples, lambda net: measure(net, sets), entry, real=True, left_out=left_out)


def kind(rows):
    """What a picture of facebox shows, as the source of its figure."""
    return "crowd" if len(rows) >= CROWD else "few" if len(rows) else "nobody"


if __name__ == "__main__":
    main()
