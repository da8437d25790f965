"""Trains and measures lung_mobilenet_025_256: which part of a chest X-ray is lung?

usage: lung.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 120] [--smoke]

Wants in the shared folder data/lung (NNN.png and NNN_mask.png, 256x256), media/lung (another source, only measured)
and the published models/mobilenet_v1_0.25_128_quant.tflite (start of the encoder). Draws X-rays of its own besides. In: RGB 256x256, (x - 128) / 128, the
X-ray's grey in all channels. Out: softmax over background, lung at 128x128.
"""
import glob

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import mobilenet
import recipe
import tflite
import xray

NAME = "lung_mobilenet_025_256"
SIZE = 256
MAP = 128
ENTRY = {"title": "Lungs, MobileNet v1 x0.25, 256", "source": mobilenet.SOURCE, "task": "segment", "roles": {"probabilities": "map"},
         "labels": "lung", "threshold": 0.5}


def load(folder):
    """The pairs as RGB pictures and masks of 0 and 1."""
    pairs = []
    for path in sorted(glob.glob(folder + "/*_mask.png")):
        pairs.append((cv2.cvtColor(cv2.imread(path.replace("_mask", "")), cv2.COLOR_BGR2RGB),
                      (cv2.imread(path, cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)))
    return pairs


def changed(picture, mask, r):
    """One altered copy: moved, turned, tilted, and with another film, exposure, noise and dirt."""
    corners = np.float32([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]])
    scale, turn = np.exp(r.normal(0, 0.16)), r.normal(0, 9)
    m = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), turn, scale)
    m[:, 2] += r.normal(0, 14, 2)
    if r.random() < 0.5:
        m = m @ np.array([[-1, 0, SIZE], [0, 1, 0], [0, 0, 1]])
    to = (cv2.transform(corners[None], m)[0] + r.normal(0, 7, (4, 2))).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, to)
    border = [cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE][r.integers(2)]
    p = cv2.warpPerspective(picture, warp, (SIZE, SIZE), borderMode=border).astype(np.float32)
    mask = cv2.warpPerspective(mask, warp, (SIZE, SIZE), flags=cv2.INTER_NEAREST)
    p = 255 * (p / 255) ** np.exp(r.normal(0, 0.35))
    p = (p - 128) * r.uniform(0.5, 1.3) + 128 + r.normal(0, 18)
    ramp = np.linspace(-1, 1, SIZE, dtype=np.float32)
    p += (r.normal(0, 14) * ramp[:, None] + r.normal(0, 14) * ramp[None])[..., None]
    if r.random() < 0.4:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.6))
    p += r.normal(0, 5, 3) + r.normal(0, r.uniform(0, 9), (SIZE, SIZE, 1))
    for _ in range(r.integers(3)):
        x, y = r.integers(0, SIZE, 2)
        w, h = r.integers(8, 50, 2)
        p[y:y + h, x:x + w] = r.choice([0, 255, r.uniform(0, 255)])
    return np.clip(p, 0, 255), mask


def batch(pairs, r, size=12):
    """Altered copies of real X-rays, and a sixth as many drawn ones."""
    x, y = [], []
    some = [pairs[i] for i in r.choice(len(pairs), min(size, len(pairs)), replace=False)]
    for pair in some[size // 6:] + [xray.drawn(r) for _ in some[:size // 6]]:
        p, m = changed(*pair, r)
        x.append(tflite.to_input(p))
        # The share of lung in each cell of the map.
        y.append(cv2.resize(m.astype(np.float32), (MAP, MAP), interpolation=cv2.INTER_AREA))
    y = np.stack(y)[..., None]
    return np.stack(x), np.concatenate([1 - y, y], -1)


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
    """Cross-entropy and, against the few pixels of small lungs, one minus the Dice coefficient."""
    entropy = tf.reduce_mean(keras.losses.categorical_crossentropy(truth, found))
    both = tf.reduce_sum(truth[..., 1] * found[..., 1], [1, 2])
    either = tf.reduce_sum(truth[..., 1] + found[..., 1], [1, 2])
    return entropy + tf.reduce_mean(1 - (2 * both + 1) / (either + 1))


def overlap(net, picture, mask):
    """IoU and Dice of the lung, at the size of the mask."""
    h, w = mask.shape
    found = net(tflite.to_input(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)))
    found = cv2.resize(found, (w, h), interpolation=cv2.INTER_LINEAR)
    lung = found[..., 1] > found[..., 0]
    both, either = (lung & (mask > 0)).sum(), (lung | (mask > 0)).sum()
    return both / max(either, 1), 2 * both / max(both + either, 1)


def measure(net, sets):
    figures = {}
    for title, pairs in sets.items():
        scores = np.array([overlap(net, p, m) for p, m in pairs])
        print("  %s, %d pictures: mean IoU %.3f (least %.3f), mean Dice %.3f" % (
            title, len(pairs), scores[:, 0].mean(), scores[:, 0].min(), scores[:, 1].mean()))
        figures[title + " IoU"] = scores[:, 0].mean()
    return figures


def main():
    a = recipe.start(__doc__, [NAME], epochs=120)
    pairs = load(a.shared + "/data/lung")
    order = np.random.default_rng(5).permutation(len(pairs))
    held, kept = recipe.few([pairs[i] for i in order[:16]], a), recipe.few([pairs[i] for i in order[16:]], a)
    others = [(cv2.cvtColor(cv2.imread(p.replace("-mask.png", ".jpg")), cv2.COLOR_BGR2RGB), cv2.imread(p, cv2.IMREAD_GRAYSCALE))
              for p in sorted(glob.glob(a.shared + "/media/lung/*-mask.png"))]

    model = network()
    upright = np.stack([tflite.to_input(p) for p, _ in kept])
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), upright)
    batches = recipe.Batches(lambda r: batch(kept, r), steps=10, a=a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(3e-3, a.epochs * len(batches)), weight_decay=1e-3), loss, jit_compile=False)
    recipe.fit(model, batches, a)
    r = np.random.default_rng(6)
    examples = np.concatenate([upright, [tflite.to_input(changed(*pair, r)[0]) for pair in kept]])
    drawn = [xray.drawn(np.random.default_rng(i)) for i in range(8)]
    sets = {"held out": held, "trained on": kept, "another source": others, "drawn": drawn}
    recipe.write(model, a, ["probabilities"], examples, lambda net: measure(net, sets), ENTRY)


if __name__ == "__main__":
    main()
