"""Trains and measures facedetector_mobilenet_025_320: where are faces, and their eyes, noses and mouths?

usage: facedetector.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 20] [--smoke]

Wants in the shared folder data/utkface.tar (UTKFace, non-commercial research use; faces to put into pictures),
data/belt.tar, media/objects and media/traffic (pictures to put them into, by what has no face), media/faces, media/people,
media/recognition and media/spoof (photographs, every other one trained on), models/ultralight_face_rfb_320.tflite
(MIT), which finds the faces in photographs, models/ultralight_face_landmark.tflite (no licence stated), which finds eyes, noses and mouths,
and models/mobilenet_v1_0.25_128_quant.tflite (Apache-2.0; start of the training).

An SSD (Liu et al., 2016) of the kind of Ultra-Light, on MobileNet v1 alpha 0.25. In: image [1 240 320 3] RGB,
(x - 128) / 128, the picture stretched. Out, for each of 3160 anchors: boxes [1 3160 4], centre as part of the anchor's
size times 0.1 and size as logarithm times 0.2; landmarks [1 3160 10], as the centre; scores [1 3160 2], logits of
nothing and of a face.
"""
import glob
import tarfile

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import faces
import mobilenet
import recipe
import tflite

NAME = "facedetector_mobilenet_025_320"
WIDTH, HEIGHT = 320, 240
# Stride, sides of the anchors, stage of the backbone.
LAYERS = [(8, (12, 24), 5), (16, (44, 72), 11), (32, (112, 176), 12)]
PLACE, LOG = 0.1, 0.2
ENTRY = {
    "title": "Face SSD, MobileNet v1 x0.25, 320", "source": mobilenet.SOURCE, "task": "face", "threshold": 0.4, "iou": 0.4,
    "face": {"kind": "ultralight", "layers": [{"stride": stride, "boxes": [[side, side] for side in sides]} for stride, sides, _ in LAYERS],
             "variances": [PLACE, LOG], "logits": True},
}
# Pictures whose hashes differ in at most so many of 143 bits are kept in one part of the split.
DIFFERING = 20
BATCH, STEPS = 16, 90  # STEPS make an epoch
LEAST = 0.35  # IoU from which on an anchor answers for a face
SMALLEST = 10  # pixels of a face that counts
EVERY = 3  # a UTKFace picture in so many is used


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


def grounds(shared, a):
    """Pictures in which there is no face."""
    out = []
    for f in sorted(glob.glob(shared + "/media/objects/*.*") + glob.glob(shared + "/media/traffic/coco128/*.jpg") + glob.glob(shared + "/media/traffic/frames/*.bmp")):
        if f[-3:] in ("jpg", "bmp") and "mask" not in f:
            out.append(cv2.imread(f)[..., ::-1])
    with tarfile.open(shared + "/data/belt.tar") as tar:
        names = sorted(m.name for m in tar if m.name.endswith(".jpg"))
        for name in recipe.few(names, a, 4)[::1 if a.smoke else 8]:
            out.append(cv2.imdecode(np.frombuffer(tar.extractfile(name).read(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1])
    find, kept = faces.box_detector(shared), []
    for p in out:
        if find(cv2.resize(p, (WIDTH, HEIGHT)))[0].max() < 0.4:
            kept.append(np.ascontiguousarray(p))
    return kept


def cards(pictures, shared, a):
    """Pictures that one face fills, with that face's box and landmarks."""
    boxes, points, out = faces.box_detector(shared), faces.landmark_detector(shared), []
    for p in pictures:
        p = np.ascontiguousarray(p)
        box, five = faces.best_face(boxes, p, 0.8), faces.best_face(points, p, 0.6)
        if box and five:
            out.append((p, np.concatenate([box[0].ravel(), five[1].ravel()])[None]))
    return out


def composed(ground, cards, r):
    """One to six faces, and as many pieces of other pictures so that an edge alone tells nothing, on a ground."""
    base = ground[r.integers(len(ground))]
    out = cv2.resize(part_of(base, r), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    taken, rows = [], []
    for n in range(int(r.integers(1, 7))):
        face = r.random() < 0.75
        p, row = cards[r.integers(len(cards))] if face else (part_of(ground[r.integers(len(ground))], r), None)
        side = int(np.exp(r.uniform(np.log(16), np.log(230))))
        x, y = int(r.integers(-side // 6, WIDTH - side * 5 // 6)), int(r.integers(-side // 6, HEIGHT - side * 5 // 6))
        where = np.array([[x, y, x + side, y + side]], float)
        if taken and overlaps(where, np.array(taken)).max() > 0.02:
            continue
        taken.append(where[0])
        p = cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        p = (p - 128) * np.exp(r.normal(0, 0.2)) + 128 + r.normal(0, 12)
        share = np.ones((side, side), np.float32)
        if r.random() < 0.7:
            share = np.zeros((side, side), np.float32)
            cv2.ellipse(share, (side // 2, side // 2), (int(side * r.uniform(0.4, 0.52)), int(side * r.uniform(0.46, 0.56))), 0, 0, 360, 1, -1)
            share = cv2.GaussianBlur(share, (0, 0), max(side * 0.04, 0.6))
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, WIDTH), min(y + side, HEIGHT)
        s = share[y0 - y:y1 - y, x0 - x:x1 - x, None]
        out[y0:y1, x0:x1] = p[y0 - y:y1 - y, x0 - x:x1 - x] * s + out[y0:y1, x0:x1] * (1 - s)
        if face:
            scale = side / cards[0][0].shape[0]
            rows.append(row[0] * scale + np.tile([x, y], 7))
    return np.clip(out, 0, 255), np.array(rows).reshape(-1, 14)


def part_of(p, r):
    h, w = p.shape[:2]
    ch, cw = int(h * r.uniform(0.4, 1)), int(w * r.uniform(0.4, 1))
    y, x = int(r.integers(0, h - ch + 1)), int(r.integers(0, w - cw + 1))
    return p[y:y + ch, x:x + cw]


def moved(sample, r):
    """A photograph or a part of it at another size, turned a little, at 320x240."""
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
                         borderValue=[int(v) for v in p.reshape(-1, 3).mean(0)])
    new = []
    for row in rows:
        x0, y0, x1, y1 = row[:4]
        middle, half = m @ [(x0 + x1) / 2, (y0 + y1) / 2] + shift, np.array([sx * (x1 - x0), sy * (y1 - y0)]) / 2
        new.append(np.concatenate([middle - half, middle + half, (row[4:].reshape(5, 2) @ m.T + shift).ravel()]))
    return out.astype(np.float32), np.array(new).reshape(-1, 14)


def finished(p, rows, r):
    """Mirrored, of another exposure, tint and sharpness; faces of which little is left or seen go."""
    if r.random() < 0.5:
        p, rows = p[:, ::-1], rows.copy()
        rows[:, 0::2] = WIDTH - rows[:, 0::2]
        rows = rows[:, [2, 1, 0, 3, 6, 7, 4, 5, 8, 9, 12, 13, 10, 11]]
    p = (p - 128) * np.exp(r.normal(0, 0.2)) + 128 + r.normal(0, 15)
    p = p * np.exp(r.normal(0, 0.07, 3)).astype(np.float32)
    if r.random() < 0.15:
        p = np.repeat(p.mean(2, keepdims=True), 3, 2)
    if r.random() < 0.3:
        p = cv2.GaussianBlur(np.ascontiguousarray(p), (0, 0), r.uniform(0.4, 1.5))
    if r.random() < 0.4:
        p = p + r.standard_normal(p.shape, np.float32) * r.uniform(1, 9)
    seen = np.column_stack([rows[:, 0:1].clip(0, WIDTH), rows[:, 1:2].clip(0, HEIGHT), rows[:, 2:3].clip(0, WIDTH), rows[:, 3:4].clip(0, HEIGHT)])
    area = lambda b: (b[:, 2:4] - b[:, :2]).clip(0).prod(1)
    good = (area(seen) > 0.5 * area(rows)) & ((rows[:, 2:4] - rows[:, :2]).min(1) >= 6)
    return np.clip(p, 0, 255), rows[good]


def target(rows):
    """For each anchor: 1 for a face, 0 for none, -1 for either; box and landmarks; whether the landmarks count."""
    out = np.zeros((len(ANCHORS), 16), np.float32)
    if len(rows):
        corners = np.column_stack([ANCHORS[:, :2] - ANCHORS[:, 2:] / 2, ANCHORS[:, :2] + ANCHORS[:, 2:] / 2])
        iou = overlaps(corners, rows[:, :4])
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
    return out


def loss(truth, found):
    """Cross-entropy of faces and the hardest of the rest, seven for each; smooth distances of boxes and landmarks."""
    face, none = tf.cast(truth[..., 0] > 0.5, tf.float32), tf.cast(tf.abs(truth[..., 0]) < 0.5, tf.float32)
    count = tf.reduce_sum(face, 1)
    entropy = tf.nn.softmax_cross_entropy_with_logits(tf.stack([1 - face, face], -1), found[..., 14:])
    hard = tf.sort(entropy * none, direction="DESCENDING", axis=1)
    rank = tf.cast(tf.range(tf.shape(hard)[1]), tf.float32)[None]
    negative = tf.reduce_sum(hard * tf.cast(rank < 7 * count[:, None] + 20, tf.float32), 1)
    near = lambda d: tf.where(tf.abs(d) < 1, 0.5 * d * d, tf.abs(d) - 0.5)
    box = tf.reduce_sum(near(truth[..., 1:5] - found[..., 0:4]), -1) * face
    points = tf.reduce_sum(near(truth[..., 5:15] - found[..., 4:14]), -1) * face * truth[..., 15]
    total = tf.reduce_sum(entropy * face, 1) + negative + tf.reduce_sum(2 * box + 0.5 * points, 1)
    return tf.reduce_sum(total) / (tf.reduce_sum(count) + 1)


def network():
    """Boxes, landmarks and scores, as one tensor [3160 16] to be trained and as three to be shipped."""
    picture = keras.Input((HEIGHT, WIDTH, 3))
    stages = mobilenet.backbone(picture, 0.25, 12)
    parts = {"boxes": [], "landmarks": [], "scores": []}
    for i, (_, sides, stage) in enumerate(LAYERS):
        x = mobilenet.depthwise(stages[stage], "head%d_dw" % i)
        x = mobilenet.pointwise(x, "head%d" % i, 64)
        for name, values in (("boxes", 4), ("landmarks", 10), ("scores", 2)):
            bias = np.tile([2.0, -2.0], len(sides)) if name == "scores" else np.zeros(values * len(sides))
            y = layers.Conv2D(values * len(sides), 1, name="%s%d" % (name, i), bias_initializer=keras.initializers.Constant(bias))(x)
            parts[name].append(layers.Reshape((-1, values))(y))
    outputs = [layers.Concatenate(axis=1)(parts[name]) for name in ("boxes", "landmarks", "scores")]
    return keras.Model(picture, layers.Concatenate()(outputs)), keras.Model(picture, outputs)


def decode(out, least, width, height):
    """Faces as rows of box, landmarks and score in pixels of a picture of this size, surest first."""
    logits = out["scores"]
    score = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    keep = np.flatnonzero(score >= least)
    keep = keep[np.argsort(-score[keep])]
    centre = ANCHORS[keep, :2] + out["boxes"][keep, :2] * PLACE * ANCHORS[keep, 2:]
    half = np.exp(out["boxes"][keep, 2:] * LOG) * ANCHORS[keep, 2:] / 2
    points = ANCHORS[keep, None, :2] + out["landmarks"][keep].reshape(-1, 5, 2) * PLACE * ANCHORS[keep, None, 2:]
    rows = np.column_stack([centre - half, centre + half, points.reshape(-1, 10), score[keep]])
    rows[:, 0:14:2] *= width / WIDTH
    rows[:, 1:14:2] *= height / HEIGHT
    kept = []
    for row in rows:
        if all(overlaps(row[None, :4], k[None, :4])[0, 0] < 0.4 for k in kept):
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


def main():
    a = recipe.start(__doc__, [NAME], epochs=20)
    people, names = faces.read(a.shared + "/data/utkface.tar", a.work, every=70 if a.smoke else 1)
    part = faces.split(people, names, DIFFERING, "%s/utkface_split%s.npy" % (a.work, "_smoke" if a.smoke else ""))
    every = 1 if a.smoke else EVERY
    known, strangers = (cards(people[np.flatnonzero(part == p)[::every]], a.shared, a) for p in (faces.TRAIN, faces.TEST))
    kept, held = photographs(a.shared, a)
    ground = grounds(a.shared, a)
    empty = ground[1::2]
    ground = ground[0::2]
    print("faces of UTKFace %d and %d held out; photographs %d (%d faces) and %d (%d) held out; without faces %d and %d" % (
        len(known), len(strangers), len(kept), sum(len(k[1]) for k in kept), len(held), sum(len(k[1]) for k in held), len(ground), len(empty)))

    peopled = [k for k in kept if len(k[1])]

    def sample(r):
        of = peopled if r.random() < 0.9 else kept
        return finished(*(moved(of[r.integers(len(of))], r) if r.random() < 0.4 else composed(ground, known, r)), r)

    def batch(r):
        both = [sample(r) for _ in range(BATCH)]
        return np.stack([tflite.to_input(p) for p, _ in both]), np.stack([target(rows) for _, rows in both])
    r = np.random.default_rng(recipe.SEED)
    examples = np.stack([tflite.to_input(sample(r)[0]) for _ in range(16 if a.smoke else 150)])
    model, shipped = network()
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), examples[:32])
    batches = recipe.Batches(batch, STEPS, a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(2e-3, a.epochs * len(batches)), weight_decay=1e-3, clipnorm=20, use_ema=True, ema_momentum=0.99), loss, jit_compile=False)
    recipe.fit(model, batches, a)
    r = np.random.default_rng(9)
    made = [(p.astype(np.uint8), rows) for p, rows in (composed(empty, strangers, r) for _ in range(12 if a.smoke else 150))]
    sets = {"photographs": held, "composed": made, "no faces": [(p, np.zeros((0, 14))) for p in empty]}
    recipe.write(shipped, a, ["boxes", "landmarks", "scores"], examples, lambda net: measure(net, sets), ENTRY, real=True)


if __name__ == "__main__":
    main()
