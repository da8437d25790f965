"""Trains and measures belt_rip_mobilenet_025_128: is the belt in the picture intact or damaged?

usage: belt.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 5] [--smoke]

Wants in the shared folder data/belt.tar (pictures 320x320 with YOLO boxes of damage), media/belt, and the published
models/mobilenet_v1_0.25_128_quant.tflite (start of the training) and mobilenet_v2_1.0_224_quant.tflite (finds
pictures of one scene). Draws belts of its own besides. In: RGB 128x128, (x - 128) / 128. Out: softmax over intact,
damaged.
"""
import glob
import os
import tarfile

import cv2
import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from tensorflow.lite.tools import flatbuffer_utils

import alike
import mobilenet
import recipe
import tflite

NAME = "belt_rip_mobilenet_025_128"
LABELS = ["intact", "damaged"]
SIZE = 128
ENTRY = {"title": "Belt, MobileNet v1 x0.25, 128", "source": mobilenet.SOURCE, "task": "classify", "roles": {"probabilities": "scores"},
         "labels": "belt", "threshold": 0.1, "experimental": True}
STORED = 144  # side at which crops are kept, so that training can shift them
SMALLEST = 80  # side of the smallest crop, in pixels of the data set's 320


def load(paths):
    """The pictures (RGB) and the boxes of damage of each, as x0, y0, x1, y1 in pixels."""
    pictures, boxes = [], []
    for path in paths:
        picture = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
        h, w = picture.shape[:2]
        lines = open(path[:-3] + "txt").read().split("\n") if os.path.exists(path[:-3] + "txt") else []
        b = np.array([[float(v) for v in line.split()[1:5]] for line in lines if line.strip()]).reshape(-1, 4)
        pictures.append(picture)
        boxes.append(np.stack([(b[:, 0] - b[:, 2] / 2) * w, (b[:, 1] - b[:, 3] / 2) * h,
                               (b[:, 0] + b[:, 2] / 2) * w, (b[:, 1] + b[:, 3] / 2) * h], 1))
    return pictures, boxes


def features(pictures, path):
    """Pooled MobileNet v2 features of each picture, upright and on its side."""
    content = flatbuffer_utils.read_model(path)
    graph = content.subgraphs[0]
    # The pooled features become the network's output, so that nothing has to be kept for them.
    graph.outputs = [next(i for i, t in enumerate(graph.tensors) if t.name.endswith(b"Logits/AvgPool"))]
    net = Interpreter(model_content=flatbuffer_utils.convert_object_to_bytearray(content), num_threads=1)
    net.allocate_tensors()
    out = []
    for p in pictures:
        p = cv2.resize(p, (224, 224))
        for turned in (p, np.rot90(p)):
            net.set_tensor(net.get_input_details()[0]["index"], np.ascontiguousarray(turned)[None])
            net.invoke()
            out.append(net.get_tensor(net.get_output_details()[0]["index"]).ravel().astype(np.float32))
    return np.array(out).reshape(len(pictures), 2, -1)


def scenes(pictures, path):
    """Numbers pictures by scene.

    The data set holds many altered copies of few photographs. Two pictures belong together when their hashes differ
    in at most 28 of 143 bits, in any of the eight turns and reflections, or their features have a cosine of 0.55.
    """
    turns = [[alike.perceptual_hash(np.rot90(m, k)) for m in (g, g[:, ::-1]) for k in range(4)]
             for g in (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures)]
    turns = np.array(turns, np.float32)
    first = turns[:, 0]
    distance = np.min([first @ (1 - turns[:, k].T) + (1 - first) @ turns[:, k].T for k in range(8)], 0)
    f = np.sqrt(features(pictures, path))
    f -= f.mean((0, 1))
    f /= np.linalg.norm(f, axis=2, keepdims=True)
    same = np.maximum(f[:, 0] @ f[:, 0].T, f[:, 0] @ f[:, 1].T) >= 0.55
    return alike.grouped(len(pictures), zip(*np.where(same | (distance <= 28))))


def hold_out(scene, share=0.2, largest=110):
    """Marks whole scenes, none of the largest, until they hold a share of the pictures."""
    numbers, counts = np.unique(scene, return_counts=True)
    held = np.zeros(len(scene), bool)
    for i in np.random.default_rng(4).permutation(len(numbers)):
        if counts[i] <= largest and held.mean() < share:
            held |= scene == numbers[i]
    return held


def intact_crop(boxes, side, r):
    """A place for a square that keeps 4 pixels away from all damage, None when there is none in a few tries."""
    for _ in range(20):
        x, y = r.integers(0, 321 - side, 2)
        if not ((boxes[:, 0] - 4 < x + side) & (boxes[:, 2] + 4 > x) & (boxes[:, 1] - 4 < y + side) & (boxes[:, 3] + 4 > y)).any():
            return x, y
    return None


def damaged_crop(boxes, side, r):
    """A place for a square in which a good part of some damage shows, at 6 pixels by 12 or more once it is resized."""
    for _ in range(20):
        if not len(boxes):
            return None
        x, y = r.integers(0, 321 - side, 2)
        x0, y0, x1, y1 = boxes[r.integers(len(boxes))]
        w, h = min(x1, x + side) - max(x0, x), min(y1, y + side) - max(y0, y)
        seen = w >= 0.5 * min(x1 - x0, side) and h >= 0.5 * min(y1 - y0, side)
        if seen and min(w, h) * SIZE >= 6 * side and max(w, h) * SIZE >= 12 * side:
            return x, y
    return None


def covered(picture, places, boxes, r):
    """Covers each place with the best-fitting of some undamaged parts of the picture; None when one finds none."""
    out = picture.astype(np.float32)
    for x0, y0, x1, y1 in places:
        x0, y0, x1, y1 = max(int(x0) - 5, 0), max(int(y0) - 5, 0), min(int(x1) + 6, 320), min(int(y1) + 6, 320)
        w, h = x1 - x0, y1 - y0
        edge = np.zeros((h, w), bool)
        edge[:4], edge[-4:], edge[:, :4], edge[:, -4:] = True, True, True, True
        best, least = None, np.inf
        for _ in range(60):
            x, y = r.integers(0, 321 - w), r.integers(0, 321 - h)
            if not ((boxes[:, 0] < x + w) & (boxes[:, 2] > x) & (boxes[:, 1] < y + h) & (boxes[:, 3] > y)).any():
                part = picture[y:y + h, x:x + w].astype(np.float32)
                misfit = np.abs(part[edge] - out[y0:y1, x0:x1][edge]).mean()
                if misfit < least:
                    best, least = part, misfit
        if best is None:
            return None
        ramp = lambda n: np.minimum(np.minimum(np.arange(n), np.arange(n)[::-1]) / 6, 1)
        share = (ramp(h)[:, None] * ramp(w)[None])[..., None]
        out[y0:y1, x0:x1] = best * share + out[y0:y1, x0:x1] * (1 - share)
    return out.astype(np.uint8)


def repaired(picture, boxes, r):
    """A pair of the same scene: with all damage covered, and with undamaged places covered in the same way, so that
    the covering itself tells nothing. None when there is not enough belt left to copy from."""
    if not len(boxes) or (boxes[:, 2:] - boxes[:, :2]).prod(1).sum() > 0.25 * 320 * 320:
        return None
    whole = covered(picture, boxes, boxes, r)
    moved = boxes + np.tile(r.integers(-160, 160, (len(boxes), 2)), 2)
    moved = np.stack([moved[:, 0].clip(0, 300), moved[:, 1].clip(0, 300), moved[:, 2].clip(20, 320), moved[:, 3].clip(20, 320)], 1)
    free = [m for m in moved if not ((boxes[:, 0] - 6 < m[2]) & (boxes[:, 2] + 6 > m[0]) & (boxes[:, 1] - 6 < m[3]) & (boxes[:, 3] + 6 > m[1])).any()]
    damaged = covered(picture, free, boxes, r)
    return None if whole is None or damaged is None else (whole, damaged)


def crops(pictures, boxes, scene, members, count, seed, repairs=0.0, places=None):
    """count crops of either class, both of the same sizes; every scene is drawn by the root of its size.

    A share of them, repairs, shows the same places with their damage and with it covered. places, where given, takes
    picture, x, y and side of those that are not.
    """
    r = np.random.default_rng(seed)
    numbers, counts = np.unique(scene[members], return_counts=True)
    weight = np.sqrt(counts) / np.sqrt(counts).sum()
    any_member = lambda: r.choice(members[scene[members] == r.choice(numbers, p=weight)])

    def resized(picture, at, side):
        part = picture[at[1]:at[1] + side, at[0]:at[0] + side]
        return cv2.resize(part, (STORED, STORED), interpolation=cv2.INTER_AREA if side > STORED else cv2.INTER_LINEAR)

    def cut(find, side):
        for _ in range(2000):
            i = any_member()
            at = find(boxes[i], side, r)
            if at is not None:
                where.append((i, *at, side))
                return resized(pictures[i], at, side)
        return None

    def both_ways(side):
        for _ in range(100):
            i = any_member()
            pair, at = repaired(pictures[i], boxes[i], r), damaged_crop(boxes[i], side, r)
            if pair and at:
                return [resized(p, at, side) for p in pair]
        return [None]
    out, labels = [], []
    while len(labels) < 2 * count:
        where = []
        side = int(np.exp(r.uniform(np.log(SMALLEST), np.log(320))))
        if r.random() < 0.1:
            side = 320
        pair = both_ways(side) if r.random() < repairs else [cut(intact_crop, side), cut(damaged_crop, side)]
        if all(p is not None for p in pair):  # few pictures may offer no place of this size
            out += pair
            labels += [0, 1]
            if places is not None:
                places += where
    return np.array(out), np.array(labels)


def rendered(damaged, r):
    """A drawn piece of belt at the size of a stored crop.

    Every belt may have what is no damage: ribs, a joint, stains, shadows, glare; a damaged one has tears as well, dark
    and ragged, with an edge that catches the light.
    """
    n = STORED
    tone = r.uniform(40, 150)
    p = np.full((n, n, 3), tone + r.normal(0, 6, 3), np.float32)
    for cell in (2, 6, 24):
        p += cv2.resize(r.standard_normal((n // cell, n // cell), np.float32), (n, n), interpolation=cv2.INTER_CUBIC)[..., None] * r.uniform(1, 6)
    rows = np.arange(n, dtype=np.float32)[:, None, None]
    if r.random() < 0.5:
        p += r.uniform(3, 22) * np.sign(np.sin(rows / r.uniform(2, 12) + r.uniform(0, 6)))
    if r.random() < 0.3:  # a joint: a straight seam with rivets
        y, dark = int(r.integers(10, n - 10)), tone * r.uniform(0.3, 1.5)
        cv2.line(p, (0, y), (n, y + int(r.integers(-8, 9))), [dark] * 3, int(r.integers(1, 4)))
        for x in range(4, n, int(r.integers(9, 20))):
            cv2.circle(p, (x, y), 2, [dark * 1.4] * 3, -1)
    for _ in range(r.integers(0, 4)):  # stains, shadows and glare, soft at their rims
        spot = np.zeros((n, n), np.float32)
        centre, axes = r.integers(0, n, 2).tolist(), r.integers(6, 60, 2).tolist()
        cv2.ellipse(spot, centre, axes, r.uniform(0, 180), 0, 360, 1, -1)
        p += cv2.GaussianBlur(spot, (0, 0), r.uniform(3, 12))[..., None] * r.uniform(-0.5, 0.6) * tone
    for _ in range(r.integers(1, 4) if damaged else 0):
        tear(p, tone, r)
    return np.clip(np.rot90(p, r.integers(4)), 0, 255).astype(np.uint8)


def tear(p, tone, r, long=None):
    """Draws one ragged tear, wider in its middle, into the picture."""
    n, count = STORED, int(r.integers(6, 14))
    along = np.linspace(-0.5, 0.5, count) * (long or r.uniform(24, 110))
    half = (r.uniform(1.2, 7) * (1 - (2 * np.abs(np.linspace(-0.5, 0.5, count))) ** 2) + 0.3) * r.uniform(0.6, 1.4, count)
    middle = np.cumsum(r.normal(0, 1.6, count))
    outline = np.concatenate([np.stack([along, middle - half], 1), np.stack([along, middle + half], 1)[::-1]])
    turn = r.uniform(0, np.pi)
    outline = outline @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) + r.uniform(0.3, 0.7, 2) * n
    cv2.polylines(p, [(outline + r.uniform(-1.5, 1.5, 2)).astype(np.int32)], True, [tone * r.uniform(1.1, 1.8)] * 3, 1, cv2.LINE_AA)
    cv2.fillPoly(p, [outline.astype(np.int32)], [tone * r.uniform(0.05, 0.5)] * 3, cv2.LINE_AA)


def changed(p, r):
    """A stored crop shifted, turned, mirrored and changed in light and colour."""
    x, y = r.integers(0, STORED - SIZE + 1, 2)
    p = np.rot90(p[y:y + SIZE, x:x + SIZE], r.integers(4))[:, ::r.choice([-1, 1])].astype(np.float32)
    if r.random() < 0.3:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.3, 1.2))
    grey = p.mean(2, keepdims=True)
    p = grey + (p - grey) * r.uniform(0, 1.4)
    mean = p.mean()
    p = (p - mean) * r.uniform(0.6, 1.5) + mean * r.uniform(0.6, 1.4) + r.normal(0, 8, 3)
    p += r.normal(0, r.uniform(0, 8), p.shape)
    return tflite.to_input(np.clip(p, 0, 255))


def batch(x, y, r, size=32):
    chosen = r.integers(0, len(x), size)
    return np.stack([changed(x[j], r) for j in chosen]), keras.utils.to_categorical(y[chosen], 2)


def network():
    picture = keras.Input((SIZE, SIZE, 3))
    x = mobilenet.backbone(picture)[-1]
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(picture, layers.Dense(len(LABELS), activation="softmax")(x))


def middle(p):
    edge = (STORED - SIZE) // 2
    return tflite.to_input(p[edge:edge + SIZE, edge:edge + SIZE])


def confusion(net, inputs, labels):
    table = np.zeros((2, 2), int)
    for x, y in zip(inputs, labels):
        table[y, int(np.argmax(net(x)))] += 1
    return table


def balanced(table):
    """Mean over the classes that there are of the share that is right."""
    return np.mean([table[i, i] / table[i].sum() for i in range(2) if table[i].sum()])


def show(title, table):
    print("  %-28s intact as intact %d, as damaged %d; damaged as intact %d, as damaged %d; accuracy %.1f %%, balanced %.1f %%" % (
        title, *table.ravel(), 100 * np.trace(table) / table.sum(), 100 * balanced(table)))


def measure(net, held, labels, frames, frame_labels, media):
    crops, whole = confusion(net, [middle(p) for p in held], labels), confusion(net, frames, frame_labels)
    show("held-out crops:", crops)
    show("held-out whole frames:", whole)
    for name in ("no_damage.jpeg", "damage.jpeg"):
        p = cv2.cvtColor(cv2.imread(os.path.join(media, name)), cv2.COLOR_BGR2RGB)
        print("  %s: %s" % (name, dict(zip(LABELS, net(tflite.to_input(cv2.resize(p, (SIZE, SIZE)))).round(3).tolist()))))
    return {"crops balanced accuracy": balanced(crops), "frames balanced accuracy": balanced(whole)}


def main():
    a = recipe.start(__doc__, [NAME], epochs=5)
    if not os.path.isdir(a.work + "/belt"):
        tarfile.open(a.shared + "/data/belt.tar").extractall(a.work, filter="data")
    pictures, boxes = load(recipe.few(sorted(glob.glob(a.work + "/belt/*.jpg")), a, 40))
    known = a.work + ("/belt_scenes_smoke.npy" if a.smoke else "/belt_scenes.npy")
    if not os.path.exists(known):
        np.save(known, scenes(pictures, a.shared + "/models/mobilenet_v2_1.0_224_quant.tflite"))
    scene = np.load(known)
    held = hold_out(scene)
    print("%d pictures in %d scenes; held out %d pictures in %d scenes" % (
        len(scene), len(set(scene)), held.sum(), len(set(scene[held]))))
    x, y = crops(pictures, boxes, scene, np.flatnonzero(~held), 4 if a.smoke else 4000, 1, repairs=0.5)
    r = np.random.default_rng(3)
    drawn = np.stack([rendered(i % 2 == 1, r) for i in range(len(x) // 4)])
    x, y = np.concatenate([x, drawn]), np.concatenate([y, np.arange(len(drawn)) % 2])
    test_x, test_y = crops(pictures, boxes, scene, np.flatnonzero(held), 4 if a.smoke else 500, 2)
    frames = [tflite.to_input(cv2.resize(pictures[i], (SIZE, SIZE), interpolation=cv2.INTER_AREA)) for i in np.flatnonzero(held)]
    frame_labels = [int(len(boxes[i]) > 0) for i in np.flatnonzero(held)]

    model = network()
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), np.stack([middle(p) for p in x[::max(len(x) // 160, 1)]]))
    batches = recipe.Batches(lambda r: batch(x, y, r), max(len(x) // 32, 1), a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(5e-4, a.epochs * len(batches)), weight_decay=1e-2, use_ema=True, ema_momentum=0.998),
                  keras.losses.CategoricalCrossentropy(label_smoothing=0.05), metrics=["accuracy"], jit_compile=False)
    recipe.fit(model, batches, a)
    examples = np.stack([middle(p) for p in x[::max(len(x) // 400, 1)]])
    recipe.write(model, a, ["probabilities"], examples,
                 lambda net: measure(net, test_x, test_y, frames, frame_labels, a.shared + "/media/belt"), ENTRY)


if __name__ == "__main__":
    main()
