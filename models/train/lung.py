"""Trains and measures lung_mobilenet_025_256: which part of a chest X-ray is lung field?

usage: lung.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 70] [--smoke]

Wants the set lung of data.py (NAME.png and NAME_mask.png, 256x256; CHNCXR from Shenzhen, MCUCXR from Montgomery), of
the shared folder data/lung (76 X-rays of mostly COVID-19 patients, laid out alike), media/lung (only measured) and the
published models/mobilenet_v1_0.25_128_quant.tflite (start of the encoder). Draws X-rays of its own besides.
In: RGB 256x256, (x - 128) / 128, the X-ray's grey in all channels. Out: softmax over background, lung at 128x128.

Lung is the lung field as it shows: the heart, and the lung behind it, is background, as in the masks of Shenzhen and
Montgomery. The 76 others and about a fifth of Shenzhen's count some of it as lung; there the inner lower quarter of each
lung has less weight.
Left out: a tenth of the X-rays of Shenzhen and of Montgomery and a fifth of the others, by a hash of their names.
"""
import glob
import os

import cv2
import keras
import numpy as np
from keras import layers

import mobilenet
import recipe
import tflite
import trainer
import xray
from trainer import F

NAME = "lung_mobilenet_025_256"
SIZE = 256
MAP = 128
SOURCES = {"CHNCXR": "Shenzhen", "MCUCXR": "Montgomery"}
OLD = "COVID-19"
HELD = {"Shenzhen": 0.1, "Montgomery": 0.1, OLD: 0.2}
BATCH, STEPS = 12, 60  # STEPS make an epoch
HEART = 0.7  # weight of the places behind the heart where masks may follow another convention
LEAST = 5  # pixels: smaller parts of a mask are specks
# How often a picture of the training is of Shenzhen and Montgomery, of the old source, drawn.
SHARES = [0.68, 0.26, 0.06]
ENTRY = {"title": "Lungs, MobileNet v1 x0.25, 256", "source": mobilenet.SOURCE, "task": "segment", "roles": {"probabilities": "map"},
         "labels": "lung", "threshold": 0.5}

# A sample is its source, a grey picture [256 256], the mask of 0 and 1, and the weight of each pixel, 0..255.


def load(folder, a):
    """Samples to train on, and those left out."""
    kept, held = [], []
    for path in recipe.few(sorted(glob.glob(folder + "/*_mask.png")), a, 40):
        name = os.path.basename(path)[:-len("_mask.png")]
        source = SOURCES.get(name.split("_")[0], OLD)
        picture, mask = cv2.imread(path.replace("_mask", ""), cv2.IMREAD_GRAYSCALE), (cv2.imread(path, cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
        (held if recipe.share_of(source + name) < HELD[source] else kept).append((source, picture, mask, weights(mask, source)))
    return kept, held


def weights(mask, source):
    """255, but of masks that may count what is behind the heart as lung HEART of it there: inner half of the lower half
    of each lung."""
    out = np.full(mask.shape, 255, np.uint8)
    if source in (OLD, SOURCES["CHNCXR"]):
        middle = np.nonzero(mask)[1].mean()
        _, parts, boxes, centres = cv2.connectedComponentsWithStats(mask)
        for n, (x, y, w, h, area) in enumerate(boxes[1:], 1):
            if area >= LEAST ** 2:
                inner = slice(x + w // 2, x + w) if centres[n][0] < middle else slice(x, x + w // 2)
                low = slice(y + h // 2, y + h)
                out[low, inner][parts[low, inner] == n] = int(255 * HEART)
    return out


def drawn(seed):
    picture, mask = xray.drawn(np.random.default_rng(seed))
    return "drawn", picture[..., 0], mask, weights(mask, "drawn")


def moved(sample, r, strong):
    """Picture, mask and weights moved, turned and tilted."""
    corners = np.float32([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]])
    m = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), r.normal(0, 4 + 5 * strong), np.exp(r.normal(0, 0.08 + 0.1 * strong)))
    m[:, 2] += r.normal(0, 6 + 8 * strong, 2)
    if r.random() < 0.5:
        m = m @ np.array([[-1, 0, SIZE], [0, 1, 0], [0, 0, 1]])
    to = (cv2.transform(corners[None], m)[0] + r.normal(0, 3 + 4 * strong, (4, 2))).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, to)
    border = [cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE][r.integers(2)]
    _, p, mask, weight = sample
    return (cv2.warpPerspective(p, warp, (SIZE, SIZE), borderMode=border),
            cv2.warpPerspective(mask * 255, warp, (SIZE, SIZE)),
            cv2.warpPerspective(weight, warp, (SIZE, SIZE), borderValue=255))


def exposed(p, r, strong):
    """Another film, exposure, blur, noise and dirt; RGB."""
    grey = np.arange(256, dtype=np.float32)
    tone = 255 * (grey / 255) ** np.exp(r.normal(0, 0.2 + 0.15 * strong))
    tone = (tone - 128) * r.uniform(0.75 - 0.25 * strong, 1.3) + 128 + r.normal(0, 8 + 10 * strong)
    if r.random() < 0.3:
        p = cv2.createCLAHE(r.uniform(1, 3), (8, 8)).apply(p)
    if r.random() < 0.4:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.6))
    p = cv2.LUT(p, np.clip(tone, 0, 255).astype(np.uint8))
    noise = np.empty((SIZE, SIZE), np.int16)
    cv2.randn(noise, 0, r.uniform(0, 5 + 4 * strong))
    if strong:  # the light of the box falls off
        ramp = np.linspace(-1, 1, SIZE, dtype=np.float32)
        noise += np.add.outer(r.normal(0, 14) * ramp, r.normal(0, 14) * ramp).astype(np.int16)
    p = cv2.add(p, noise, dtype=cv2.CV_8U)
    for _ in range(r.integers(3)):
        x, y = r.integers(0, SIZE, 2)
        w, h = r.integers(8, 50, 2)
        p[y:y + h, x:x + w] = r.integers(256)
    colour = np.zeros((256, 1, 3), np.uint8)
    colour[:, 0] = np.clip(grey[:, None] + r.normal(0, 5 * strong, 3), 0, 255)
    return cv2.LUT(cv2.merge([p, p, p]), colour)


def changed(sample, r):
    """An altered copy: RGB, and the share of lung and the weight of each cell of the map, 0..255."""
    strong = int(r.random() < 0.25)
    p, mask, weight = moved(sample, r, strong)
    small = [cv2.resize(m, (MAP, MAP), interpolation=cv2.INTER_AREA) for m in (mask, weight)]
    return exposed(p, r, strong), np.stack(small, -1)


def batch(kinds, r):
    both = []
    for kind in r.choice(len(kinds), BATCH, p=SHARES):
        both.append(changed(kinds[kind][r.integers(len(kinds[kind]))], r))
    return np.stack([p for p, _ in both]), np.stack([m for _, m in both])


def network():
    """MobileNet with a light decoder that adds the finer stages on the way up to half the input's side."""
    picture = keras.Input((SIZE, SIZE, 3))
    stages = mobilenet.backbone(picture)
    x = mobilenet.pointwise(stages[13], "up0", 64)
    for i, (stage, channels) in enumerate([(11, 64), (5, 48), (3, 32), (1, 16)], 1):
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.Concatenate()([x, stages[stage]])
        x = mobilenet.depthwise(x, "up%d_dw" % i)
        x = mobilenet.pointwise(x, "up%d" % i, channels)
    x = mobilenet.depthwise(x, "last_dw")
    x = layers.Conv2D(2, 1, name="scores")(x)
    return keras.Model(picture, layers.Softmax()(x))


def loss(truth, found):
    """Cross-entropy and, against the few pixels of small lungs, one minus the Dice coefficient, both weighted."""
    lung, weight = (truth.float() / 255).unbind(-1)
    p = found[..., 1].clamp(1e-5, 1 - 1e-5)
    entropy = (weight * F.binary_cross_entropy(p, lung, reduction="none")).mean()
    both, either = ((weight * m).sum((1, 2)) for m in (lung * p, lung + p))
    return entropy + (1 - (2 * both + 1) / (either + 1)).mean()


def overlap(net, picture, mask):
    """IoU of the lung, at the size of the mask."""
    h, w = mask.shape
    p = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    found = cv2.resize(net(tflite.to_input(cv2.merge([p, p, p]))), (w, h), interpolation=cv2.INTER_LINEAR)
    lung = found[..., 1] > found[..., 0]
    return (lung & (mask > 0)).sum() / max((lung | (mask > 0)).sum(), 1)


def scores(net, samples):
    """Source and IoU of each sample."""
    return [(sample[0], overlap(net, *sample[1:3])) for sample in samples]


def mean(rows):
    return float(np.mean([iou for _, iou in rows]))


def measure(net, sets):
    figures = {}
    for title, samples in sets.items():
        rows = scores(net, samples)
        print("  %s, %d pictures: mean IoU %.3f (least %.3f)" % (title, len(rows), mean(rows), min(iou for _, iou in rows)))
        figures[title + " IoU"] = mean(rows)
    return figures


def main():
    a = recipe.start(__doc__, [NAME], epochs=70)
    (new, held), (old, held_old) = load(a.data + "/lung", a), load(a.shared + "/data/lung", a)
    drawings = [drawn(100 + i) for i in range(4 if a.smoke else 160)]
    print("X-rays %d, left out %d; old source %d, left out %d" % (len(new), len(held), len(old), len(held_old)))
    kinds = [new, old, drawings]
    r = np.random.default_rng(6)
    examples = np.stack([tflite.to_input(p) for _ in range(2 if a.smoke else 17) for p in batch(kinds, r)[0]])
    model = network()
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), examples[:64])
    batches = recipe.Batches(lambda r: batch(kinds, r), STEPS, a)
    trainer.fit(model, batches, a, loss, 2e-3, judge=lambda net: mean(scores(net, held)))
    others = [("another source", cv2.imread(p.replace("-mask.png", ".jpg"), cv2.IMREAD_GRAYSCALE), cv2.imread(p, cv2.IMREAD_GRAYSCALE))
              for p in sorted(glob.glob(a.shared + "/media/lung/*-mask.png"))]
    sets = {"left out": held, "left out, old source": held_old, "another source": others, "drawn": [drawn(i) for i in range(8)]}
    recipe.write(model, a, ["probabilities"], examples, lambda net: measure(net, sets), ENTRY,
                 left_out=lambda net: {"IoU": recipe.spread(scores(net, held + held_old), lambda row: row[0], mean)})


if __name__ == "__main__":
    main()
