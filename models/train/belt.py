"""Trains and measures belt_rip_mobilenet_025_256: where is the conveyor belt in the picture damaged?

usage: belt.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 44] [--smoke]

Wants the sets belt (pictures 320x320 with YOLO boxes of damage) and belt_intact (256x256) of data.py, and of the shared
folder media/belt (only measured) and the published models/mobilenet_v1_0.25_128_quant.tflite (start of the encoder) and
mobilenet_v2_1.0_224_quant.tflite (finds pictures of one scene). Draws belts of its own besides.
In: RGB 256x256, (x - 128) / 128. Out: softmax over intact, damaged at 32x32; damage is where damaged is above 0.5.

Left out: whole scenes with a fifth of the pictures of belt, and the last quarter of belt_intact, which is of one camera.
The scores are shifted so that the alarm's threshold is 0.5. It and the share of damaged cells from which on a picture
counts as damaged (metric "alarm share") are those that find most damage at no more than 1 in 20 intact pictures.
"""
import glob
import os

import cv2
import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from tensorflow.lite.tools import flatbuffer_utils

import alike
import mobilenet
import photo
import recipe
import tflite
import trainer
from trainer import F, torch

NAME = "belt_rip_mobilenet_025_256"
SIZE = 256
MAP = 32
ENTRY = {"title": "Belt, MobileNet v1 x0.25, 256", "source": mobilenet.SOURCE, "task": "segment", "roles": {"probabilities": "map"},
         "labels": "belt", "threshold": 0.5}
BATCH, STEPS = 16, 80  # STEPS make an epoch
SMALLEST = 80  # side of the smallest crop, in pixels of the data set's 320
DRAWN = 144  # side of drawn pieces of belt
WEAR = 4  # the kind of broad abrasions, whose boxes are loose
FALSE = 1 / 20  # share of intact pictures that the alarm may call damaged
# How often a training picture is of the data set, of it with its damage covered, of the intact belt, drawn.
SHARES = [0.7, 0.1, 0.08, 0.12]

# A sample is an RGB picture and its boxes of damage as an array of rows [x0, y0, x1, y1, kind] in pixels.


def rgb(path):
    return cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)


def load(paths):
    """The pictures and the boxes of each."""
    pictures, boxes = [], []
    for path in paths:
        picture = rgb(path)
        h, w = picture.shape[:2]
        lines = open(path[:-3] + "txt").read().split("\n") if os.path.exists(path[:-3] + "txt") else []
        b = np.array([[float(v) for v in line.split()[:5]] for line in lines if line.strip()]).reshape(-1, 5)
        pictures.append(picture)
        boxes.append(np.stack([(b[:, 1] - b[:, 3] / 2) * w, (b[:, 2] - b[:, 4] / 2) * h,
                               (b[:, 1] + b[:, 3] / 2) * w, (b[:, 2] + b[:, 4] / 2) * h, b[:, 0]], 1))
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


def free(boxes, x, y, side, margin=4):
    """Whether a square keeps away from all damage."""
    return not ((boxes[:, 0] - margin < x + side) & (boxes[:, 2] + margin > x) & (boxes[:, 1] - margin < y + side) & (boxes[:, 3] + margin > y)).any()


def intact_crop(boxes, side, r, size=320):
    """A place for a square that keeps away from all damage, None when there is none in a few tries."""
    for _ in range(20):
        x, y = r.integers(0, size + 1 - side, 2)
        if free(boxes, x, y, side):
            return x, y
    return None


def shows(box, x, y, side):
    """Whether a good part of the damage is in a square, at least a 21st of it wide and an 11th long."""
    x0, y0, x1, y1 = box[:4]
    w, h = min(x1, x + side) - max(x0, x), min(y1, y + side) - max(y0, y)
    return w >= 0.5 * min(x1 - x0, side) and h >= 0.5 * min(y1 - y0, side) and min(w, h) * 128 >= 6 * side and max(w, h) * 128 >= 12 * side


def damaged_crop(boxes, side, r, size=320):
    """A place for a square that shows some damage."""
    for _ in range(20):
        if not len(boxes):
            return None
        x, y = r.integers(0, size + 1 - side, 2)
        if shows(boxes[r.integers(len(boxes))], x, y, side):
            return x, y
    return None


def resized(picture, at, side):
    part = picture[at[1]:at[1] + side, at[0]:at[0] + side]
    return cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA if side > SIZE else cv2.INTER_LINEAR)


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
    boxes = boxes[:, :4]
    if not len(boxes) or (boxes[:, 2:] - boxes[:, :2]).prod(1).sum() > 0.25 * 320 * 320:
        return None
    whole = covered(picture, boxes, boxes, r)
    moved = boxes + np.tile(r.integers(-160, 160, (len(boxes), 2)), 2)
    moved = np.stack([moved[:, 0].clip(0, 300), moved[:, 1].clip(0, 300), moved[:, 2].clip(20, 320), moved[:, 3].clip(20, 320)], 1)
    apart = [m for m in moved if not ((boxes[:, 0] - 6 < m[2]) & (boxes[:, 2] + 6 > m[0]) & (boxes[:, 1] - 6 < m[3]) & (boxes[:, 3] + 6 > m[1])).any()]
    damaged = covered(picture, apart, boxes, r)
    return None if whole is None or damaged is None else (whole, damaged)


def any_member(scene, members):
    """A function of r that draws a member, of every scene by the root of its size."""
    numbers, counts = np.unique(scene[members], return_counts=True)
    weight = np.sqrt(counts) / np.sqrt(counts).sum()
    of = [members[scene[members] == n] for n in numbers]

    def draw(r):
        some = of[r.choice(len(of), p=weight)]
        return some[r.integers(len(some))]
    return draw


def crops(pictures, boxes, scene, members, count, seed, places=None):
    """count crops of either class, intact ones first of each pair, both of the same sizes; their labels and scenes.

    places, where given, takes picture, x, y and side of each.
    """
    r, member = np.random.default_rng(seed), any_member(scene, members)

    def cut(find, side):
        for _ in range(2000):
            i = member(r)
            at = find(boxes[i], side, r)
            if at is not None:
                return i, *at, side
        return None
    out, labels, of = [], [], []
    while len(labels) < 2 * count:
        side = int(np.exp(r.uniform(np.log(SMALLEST), np.log(320))))
        if r.random() < 0.1:
            side = 320
        pair = [cut(intact_crop, side), cut(damaged_crop, side)]
        if all(pair):  # few pictures may offer no place of this size
            out += [resized(pictures[i], (x, y), side) for i, x, y, side in pair]
            of += [scene[i] for i, *_ in pair]
            labels += [0, 1]
            if places is not None:
                places += pair
    return np.array(out), np.array(labels), of


def rendered(damaged, r):
    """A drawn piece of belt as a sample.

    Every belt may have what is no damage: ribs, a joint, stains, shadows, glare; a damaged one has tears as well, dark
    and ragged, with an edge that catches the light.
    """
    n = DRAWN
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
    boxes = [tear(p, tone, r) for _ in range(r.integers(1, 4) if damaged else 0)]
    return np.clip(p, 0, 255).astype(np.uint8), np.array(boxes, float).reshape(-1, 5)


def tear(p, tone, r, long=None):
    """Draws one ragged tear, wider in its middle, into the picture, and returns its box."""
    n, count = p.shape[0], int(r.integers(6, 14))
    along = np.linspace(-0.5, 0.5, count) * (long or r.uniform(24, 110))
    half = (r.uniform(1.2, 7) * (1 - (2 * np.abs(np.linspace(-0.5, 0.5, count))) ** 2) + 0.3) * r.uniform(0.6, 1.4, count)
    middle = np.cumsum(r.normal(0, 1.6, count))
    outline = np.concatenate([np.stack([along, middle - half], 1), np.stack([along, middle + half], 1)[::-1]])
    turn = r.uniform(0, np.pi)
    outline = outline @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) + r.uniform(0.3, 0.7, 2) * n
    cv2.polylines(p, [(outline + r.uniform(-1.5, 1.5, 2)).astype(np.int32)], True, [tone * r.uniform(1.1, 1.8)] * 3, 1, cv2.LINE_AA)
    cv2.fillPoly(p, [outline.astype(np.int32)], [tone * r.uniform(0.05, 0.5)] * 3, cv2.LINE_AA)
    return [*outline.min(0), *outline.max(0), 3]


def target(boxes, x, y, side):
    """What the loss compares with for a square of a sample: damage and weight of each cell [MAP MAP 2], 0..255, and of
    the whole square 0 intact, 2 damaged, 1 neither for sure.

    Damage is seldom all of its box: cells on a box's rim have no weight, those in large boxes less, those of wear least.
    """
    damage, weight, touched, whole = np.zeros((MAP, MAP), np.uint8), np.full((MAP, MAP), 255, np.uint8), np.zeros((MAP, MAP), np.uint8), 0
    cells = np.arange(MAP)
    for box in boxes:
        x0, y0, x1, y1 = (box[:4] - [x, y, x, y]) * MAP / side
        across, down = (np.clip(np.minimum(b, cells + 1) - np.maximum(a, cells), 0, 1) for a, b in ((x0, x1), (y0, y1)))
        inside = np.outer(down, across)
        if inside.max() == 0:
            continue
        touched |= (inside > 0).astype(np.uint8)
        whole = max(whole, 2 if shows(box, x, y, side) and box[4] != WEAR else 1)
        if min(across.sum(), down.sum()) >= 0.4:  # 3 pixels: less can hardly be seen
            core = inside >= 0.4 * inside.max()
            damage[core] = 255
            weight[core] = 255 * (0.4 if box[4] == WEAR else 1) * min(1, np.sqrt(24 / core.sum()))
    weight[(cv2.dilate(touched, np.ones((3, 3), np.uint8)) > 0) & (damage == 0)] = 0
    return np.stack([damage, weight], -1), whole


def distracted(p, tone, r):
    """The picture with what is no damage: a shadow, glare, dirt or a joint."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    kind = r.integers(4)
    if kind == 0:  # a shadow with straight edges, as of a frame
        a = r.uniform(-0.4, 1.4, (2, 2)) * SIZE
        cv2.line(mask, tuple(int(v) for v in a[0]), tuple(int(v) for v in a[1]), 255, int(r.integers(8, 90)), cv2.LINE_AA)
        mask, colour, share = cv2.GaussianBlur(mask, (0, 0), r.uniform(0.6, 6)), 0, r.uniform(0.2, 0.6)
    elif kind == 1:  # glare
        cv2.ellipse(mask, r.integers(0, SIZE, 2).tolist(), r.integers(8, 90, 2).tolist(), r.uniform(0, 180), 0, 360, 255, -1)
        mask, colour, share = cv2.GaussianBlur(mask, (0, 0), r.uniform(4, 16)), 255, r.uniform(0.2, 0.7)
    elif kind == 2:  # crumbs and smears
        for _ in range(r.integers(1, 14)):
            cv2.ellipse(mask, r.integers(0, SIZE, 2).tolist(), r.integers(1, 9, 2).tolist(), r.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        mask, colour, share = cv2.GaussianBlur(mask, (0, 0), r.uniform(0.6, 2.5)), tone * r.choice([0.4, 1.5]), r.uniform(0.3, 0.9)
    else:  # a joint
        at, slope = int(r.integers(10, SIZE - 10)), int(r.integers(-20, 21))
        cv2.line(mask, (0, at), (SIZE, at + slope), 255, int(r.integers(1, 5)), cv2.LINE_AA)
        for x in range(6, SIZE, int(r.integers(14, 34))) if r.random() < 0.6 else []:
            cv2.circle(mask, (x, at + slope * x // SIZE + 3), 3, 255, -1, cv2.LINE_AA)
        mask, colour, share = mask if r.random() < 0.5 else mask.T, tone * r.uniform(0.3, 1.6), r.uniform(0.4, 0.9)
    share = cv2.merge([cv2.convertScaleAbs(mask, alpha=share)] * 3).astype(np.uint16)
    return ((p * (255 - share) + np.uint16(np.clip(colour, 0, 255)) * share) // 255).astype(np.uint8)


def streaked(p, r):
    """Blurred by motion along the belt."""
    n = int(r.integers(3, 16))
    kernel = np.full((n, 1) if r.random() < 0.5 else (1, n), 1 / n, np.float32)
    return cv2.filter2D(p, -1, kernel)


def changed(p, r):
    """Another light, colour, sharpness and compression."""
    if r.random() < 0.25:
        p = distracted(p, float(p[::8, ::8].mean()), r)
    if r.random() < 0.25:
        p = streaked(p, r)
    elif r.random() < 0.2:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.6))
    share = r.uniform(0, 1.3)
    p = cv2.addWeighted(p, share, cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), 1 - share, 0)
    mean = float(p[::8, ::8].mean())
    level = np.arange(256, dtype=np.float32)[:, None]
    tone = 255 * (level / 255) ** np.exp(r.normal(0, 0.2))
    tone = (tone - mean) * r.uniform(0.6, 1.5) + mean * r.uniform(0.6, 1.4) + r.normal(0, 8, 3)
    p = cv2.LUT(p, np.clip(tone, 0, 255).astype(np.uint8)[:, None])
    if r.random() < 0.5:
        p = photo.noisy(p, r.uniform(1, 8))
    if r.random() < 0.3:
        p = photo.compressed(p, int(r.integers(25, 90)))
    return p


def training_sample(sample, r):
    """An altered square of a sample, and its target."""
    picture, boxes = sample
    size = picture.shape[0]
    side = size if r.random() < 0.25 else int(np.exp(r.uniform(np.log(size * SMALLEST / 320), np.log(size))))
    find = [damaged_crop, intact_crop][r.integers(2)]
    at = find(boxes, side, r, size) or tuple(r.integers(0, size + 1 - side, 2))
    cells, whole = target(boxes, *at, side)
    p, turn, mirror = changed(resized(picture, at, side), r), r.integers(4), r.choice([-1, 1])
    return np.rot90(p, turn)[:, ::mirror], np.rot90(cells, turn)[:, ::mirror], whole


def torn(sample, r):
    """The sample with some tears drawn into it."""
    p, boxes = sample[0].astype(np.float32), []
    for _ in range(r.integers(1, 3)):
        boxes.append(tear(p, float(p.mean()), r, r.uniform(0.1, 0.6) * p.shape[0]))
    return np.clip(p, 0, 255).astype(np.uint8), np.concatenate([sample[1], np.array(boxes)])


def batch(kinds, r):
    """kinds are functions of r that draw a sample."""
    some = [training_sample(kinds[k](r), r) for k in r.choice(len(kinds), BATCH, p=SHARES)]
    return np.stack([p for p, _, _ in some]), (np.stack([c for _, c, _ in some]), np.array([w for _, _, w in some], np.uint8))


def loss(truth, found):
    """Weighted cross-entropy of the cells, damage three times; and of the four most damaged places against the whole."""
    cells, whole = truth
    damage, weight = (cells.float() / 255).unbind(-1)
    p = found[..., 1].clamp(1e-5, 1 - 1e-5)
    weight = weight * (1 + 2 * damage)
    entropy = (weight * F.binary_cross_entropy(p, damage, reduction="none")).sum() / weight.sum().clamp(min=1)
    most = averaged(p).flatten(1).topk(4).values.mean(1)
    known = whole != 1
    sure = F.binary_cross_entropy(most, (whole == 2).float(), reduction="none")
    return entropy + 0.4 * (sure * known).sum() / known.sum().clamp(min=1)


def averaged(p):
    """Means over 3x3 cells, of those that there are."""
    return F.avg_pool2d(p[:, None], 3, 1, 1, count_include_pad=False)[:, 0]


def network():
    """MobileNet with a light decoder that adds the finer stages on the way up to an eighth of the input's side."""
    picture = keras.Input((SIZE, SIZE, 3))
    stages = mobilenet.backbone(picture)
    x = mobilenet.pointwise(stages[13], "up0", 64)
    for i, (stage, channels) in enumerate([(11, 64), (5, 48)], 1):
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.Concatenate()([x, stages[stage]])
        x = mobilenet.depthwise(x, "up%d_dw" % i)
        x = mobilenet.pointwise(x, "up%d" % i, channels)
    x = mobilenet.depthwise(x, "last_dw")
    x = layers.Conv2D(2, 1, name="scores", bias_initializer=keras.initializers.Constant([1, -1]))(x)
    return keras.Model(picture, layers.Softmax()(x))


def damage(net, pictures):
    """Probability of damage of each cell, [N MAP MAP]."""
    return np.stack([net(tflite.to_input(cv2.resize(p, (SIZE, SIZE), interpolation=cv2.INTER_AREA)))[..., 1] for p in pictures])


def highest(maps):
    """The score of a crop: the highest mean over 3x3 cells."""
    return averaged(torch.from_numpy(maps)).amax((1, 2)).numpy()


def balanced(right):
    """Mean over the classes that there are of the share that is right; rows of label and whether it is right."""
    return float(np.mean([np.mean([ok for label, ok in right if label == of]) for of in {label for label, _ in right}]))


def best_threshold(scores, labels):
    """The threshold with the best balanced accuracy, and that."""
    found = [(balanced(list(zip(labels, (scores >= t) == labels))), t) for t in np.linspace(0.05, 0.95, 91)]
    figure = max(f for f, _ in found)
    return float(np.median([t for f, t in found if f == figure])), figure


def best_alarm(maps, labels):
    """Threshold and least number of cells that find most damaged pictures at few false alarms, and the share found."""
    best = (0.9, MAP * MAP, 0.0)
    for t in np.linspace(0.05, 0.95, 46):
        cells = (maps >= t).sum((1, 2))
        for least in (1, 2, 3, 4, 6, 8, 12):
            called = cells >= least
            if called[labels == 0].mean() <= FALSE and called[labels == 1].mean() > best[2]:
                best = (float(t), least, float(called[labels == 1].mean()))
    return best


class Left:
    """What is left out of the training: crops and whole pictures, with their labels and where they are from."""

    def __init__(self, pictures, boxes, scene, members, intact, a):
        self.crops, self.labels, scenes = crops(pictures, boxes, scene, members, 4 if a.smoke else 500, 2)
        self.scenes = ["scene %d" % s for s in scenes]
        r, limit = np.random.default_rng(9), 4 if a.smoke else 150
        mended = [pair[0] for pair in (repaired(pictures[i], boxes[i], r) for i in r.permutation(members)[:limit]) if pair]
        whole = [(pictures[i], "with damage" if len(boxes[i]) else "without damage") for i in members]
        whole += [(p, "another belt, intact") for p, _ in intact] + [(p, "damage covered") for p in mended]
        self.whole = [p for p, _ in whole]
        self.sources = [source for _, source in whole]
        self.damaged = np.array([int(s == "with damage") for s in self.sources])
        self.crop_threshold, self.least = 0.5, 1

    def judge(self, net):
        """Mean of the balanced accuracy of crops and the share of damaged whole pictures found, of every other pair."""
        some, whole = (np.flatnonzero(np.arange(n) // 2 % 2 == 0) for n in (len(self.labels), len(self.whole)))
        scores, maps = highest(damage(net, self.crops[some])), damage(net, [self.whole[i] for i in whole])
        return (best_threshold(scores, self.labels[some])[1] + best_alarm(maps, self.damaged[whole])[2]) / 2

    def alarm(self, net):
        """Sets the least number of damaged cells and returns the threshold of a cell."""
        threshold, self.least, found = best_alarm(damage(net, self.whole), self.damaged)
        print("alarm: at least %d cells above %.2f, finds %.3f" % (self.least, threshold, found))
        return threshold

    def right(self, net):
        """Rows of where from, label, whether it is right: of the crops and of the whole pictures."""
        called = highest(damage(net, self.crops)) >= self.crop_threshold
        alarms = (damage(net, self.whole) >= 0.5).sum((1, 2)) >= self.least
        return list(zip(self.scenes, self.labels, called == self.labels)), list(zip(self.sources, self.damaged, alarms == self.damaged))

    def measure(self, net, media):
        small, whole = self.right(net)
        for name in ("no_damage.jpeg", "damage.jpeg"):
            print("  %s: %d cells damaged" % (name, (damage(net, [rgb(os.path.join(media, name))]) >= 0.5).sum()))
        return {"crops balanced accuracy": balanced([row[1:] for row in small]),
                "damaged pictures found": np.mean([ok for _, label, ok in whole if label]),
                "intact pictures called damaged": 1 - np.mean([ok for _, label, ok in whole if not label]),
                "crops threshold": self.crop_threshold, "alarm share": self.least / MAP ** 2}

    def left_out(self, net):
        small, whole = self.right(net)
        of = lambda rows: balanced([row[1:] for row in rows])
        return {"crops balanced accuracy": recipe.spread(small, lambda row: row[0], of),
                "whole pictures balanced accuracy": recipe.spread(whole, lambda row: row[0], of)}


def shifted(model, threshold):
    """Makes what was that threshold 0.5."""
    kernel, bias = model.get_layer("scores").get_weights()
    model.get_layer("scores").set_weights([kernel, bias - [0, np.log(threshold / (1 - threshold))]])


def main():
    a = recipe.start(__doc__, [NAME], epochs=44)
    pictures, boxes = load(recipe.few(sorted(glob.glob(a.data + "/belt/*.jpg")), a, 40))
    known = a.work + ("/belt_scenes_smoke.npy" if a.smoke else "/belt_scenes.npy")
    if not os.path.exists(known):
        np.save(known, scenes(pictures, a.shared + "/models/mobilenet_v2_1.0_224_quant.tflite"))
    scene = np.load(known)
    held = hold_out(scene)
    intact = [(rgb(p), np.zeros((0, 5))) for p in recipe.few(sorted(glob.glob(a.data + "/belt_intact/intact/*.jpg")), a)]
    kept = 3 * len(intact) // 4
    left = Left(pictures, boxes, scene, np.flatnonzero(held), intact[kept:], a)
    print("%d pictures in %d scenes; left out %d pictures in %d scenes, %d whole intact ones" % (
        len(scene), len(set(scene)), held.sum(), len(set(scene[held])), (left.damaged == 0).sum()))
    r, members = np.random.default_rng(3), np.flatnonzero(~held)
    drawings = [rendered(i % 2 == 1, r) for i in range(8 if a.smoke else 400)]
    member, mended = any_member(scene, members), []
    for i in (member(r) for _ in range(8 if a.smoke else 400)):
        pair = repaired(pictures[i], boxes[i], r)
        mended += [(pair[0], np.zeros((0, 5))), (pair[1], boxes[i])] if pair else []

    def labelled(r):
        i = member(r)
        return pictures[i], boxes[i]

    def another(r):
        sample = intact[r.integers(kept)]
        return torn(sample, r) if r.random() < 0.4 else sample
    kinds = [labelled, lambda r: mended[r.integers(len(mended))], another, lambda r: drawings[r.integers(len(drawings))]]
    examples = np.stack([tflite.to_input(p) for _ in range(2 if a.smoke else 20) for p in batch(kinds, r)[0]])
    model = network()
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), examples[:64])
    trainer.fit(model, recipe.Batches(lambda r: batch(kinds, r), STEPS, a), a, loss, 1e-3, decay=1e-2, norm="weight", judge=left.judge, every=6)
    shifted(model, left.alarm(trainer.net(trainer.Graph(model))))
    left.crop_threshold = best_threshold(highest(damage(trainer.net(trainer.Graph(model)), left.crops)), left.labels)[0]
    recipe.write(model, a, ["probabilities"], examples, lambda net: left.measure(net, a.shared + "/media/belt"), ENTRY, left_out=left.left_out)


if __name__ == "__main__":
    main()
