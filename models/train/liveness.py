"""Trains and measures liveness_mobilenet_025_128: is a face there itself, or printed or shown on a screen?

usage: liveness.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 4] [--smoke]

Wants in the shared folder data/spoof (84 real and 83 fake crops of one person's face, no licence stated; fake K is real K
filmed off a screen), data/utkface.tar (UTKFace, non-commercial research use; its faces stand for live ones, and for
spoofs once printed or shown by simulation), models/mobilenet_v1_0.25_128_quant.tflite (Apache-2.0; start of the
training) and models/ultralight_face_rfb_320.tflite (tells the crop's margin).
media/spoof (three photographs of another source) is only measured. In: image [1 128 128 3] RGB, (x - 128) / 128. Out:
liveness [1 2], softmax over live, spoof.
"""
import glob
import os

import cv2
import keras
import numpy as np
from keras import layers

import faces
import mobilenet
import recipe
import tflite

NAME = "liveness_mobilenet_025_128"
LABELS = ["live", "spoof"]
SIZE = 128
BATCH, STEPS = 32, 200  # STEPS make an epoch
PRUNED = 3  # epochs of pruning
FILMED = 10  # of a batch, crops that were really filmed; the others are simulated
HELD_OUT = 60  # filmed crops of this number and later ones are held out
ENTRY = {
    "title": "MobileNet v1 x0.25, liveness, 128", "source": mobilenet.SOURCE, "task": "head", "experimental": True,
    # The margin with which the crop of an Ultra-Light RFB box is as large as the filmed ones.
    "head": {"margin": -0.083, "answers": [{"name": "liveness", "kind": "softmax", "output": "liveness", "labels": LABELS, "sure": [0.6, 0.6]}]},
}
NEAR = 20  # of 143 bits that the hashes of two near-duplicates differ in at most


def network():
    picture = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(mobilenet.backbone(picture, around=True)[-1])
    x = layers.Dropout(0.3)(x)
    return keras.Model(picture, layers.Dense(len(LABELS), activation="softmax", name="liveness")(x))


def filmed(folder):
    """The middle squares of all crops at SIZE, their labels and their numbers.

    Real and fake of one number show the same moment, so that a split by number has both on one side.
    """
    pictures, labels, numbers = [], [], []
    for label, kind in enumerate(["real", "fake"]):
        for path in sorted(glob.glob("%s/%s/*.jpg" % (folder, kind))):
            p = cv2.imread(path)[..., ::-1]
            side = min(p.shape[:2])
            y, x = (p.shape[0] - side) // 2, (p.shape[1] - side) // 2
            pictures.append(cv2.resize(p[y:y + side, x:x + side], (SIZE, SIZE), interpolation=cv2.INTER_AREA))
            labels.append(label)
            numbers.append(int(os.path.basename(path)[:-4]))
    return np.array(pictures), np.array(labels), np.array(numbers)


def waves(r):
    """A moire: two gratings of slightly different pitch and turn over each other, -1..1."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    out = np.ones((SIZE, SIZE), np.float32)
    turn, pitch = r.uniform(0, np.pi), r.uniform(2, 5)
    for _ in range(2):
        a = turn + r.uniform(-0.15, 0.15)
        out *= np.sin((x * np.cos(a) + y * np.sin(a)) * 2 * np.pi / (pitch * r.uniform(0.9, 1.1)))
    return out[..., None]


def coarse(r, cells):
    """A smooth field of light over the picture, about 0."""
    return cv2.resize(r.normal(0, 1, (cells, cells)).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)[..., None]


def on_screen(p, r):
    """The picture, bytes, as a camera sees it on a screen: bluish, washed out, with moire and a reflection."""
    p = cv2.GaussianBlur(p.astype(np.float32), (0, 0), r.uniform(0.4, 1.3))
    p = 255 * (p / 255) ** r.uniform(0.7, 1.2) * np.array([r.uniform(0.8, 1), r.uniform(0.9, 1), 1.05], np.float32)
    p = r.uniform(0, 40) + p * r.uniform(0.7, 1)
    p *= 1 + r.uniform(0.01, 0.1) * waves(r)
    if r.random() < 0.5:
        p += r.uniform(10, 60) * np.clip(coarse(r, 3), 0, None)
    return np.clip(p, 0, 255)


def on_paper(p, r):
    """The picture, bytes, as a camera sees it printed: few colours, little contrast, dots, grain and bent light."""
    p = p.astype(np.float32)
    grey = p.mean(2, keepdims=True)
    p = grey + (p - grey) * r.uniform(0.3, 0.9)
    p = r.uniform(20, 60) + p * r.uniform(0.5, 0.8)
    p += r.normal(0, r.uniform(4, 14), (SIZE, SIZE, 1)).astype(np.float32)
    p *= 1 + r.uniform(0, 0.06) * waves(r)
    p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.5, 1.5))
    p *= np.array([1.05, 1, r.uniform(0.8, 1)], np.float32) * (1 + 0.1 * coarse(r, 3))
    return np.clip(p, 0, 255)


def batch(x, y, people, r):
    """Filmed and simulated crops, both classes alike; all go through one and the same alteration afterwards."""
    chosen = r.integers(0, len(x), FILMED)
    pictures, labels = list(x[chosen]), list(y[chosen])
    for i in r.integers(0, len(people), BATCH - FILMED):
        p = cv2.resize(people[i], (SIZE, SIZE))
        label = r.integers(2)
        pictures.append((on_screen if r.random() < 0.6 else on_paper)(p, r) if label else p)
        labels.append(label)
    made = [faces.altered(np.asarray(p, np.float32), r, shift=0.04, turn=6, zoom=0.08) for p in pictures]
    return tflite.to_input(np.stack(made)), keras.utils.to_categorical(labels, 2)


def errors(net, pictures, labels):
    """Shares of spoofs taken for live and of live faces taken for spoofs (APCER and BPCER of ISO/IEC 30107-3)."""
    spoof = np.array([float(net(tflite.to_input(p))[1]) >= 0.5 for p in pictures])
    return (~spoof[labels == 1]).mean(), spoof[labels == 0].mean()


def elsewhere(folder, detector, margin):
    """Crops of the one face in each photograph of another source, and whether it is a spoof."""
    pictures, labels = [], []
    for name, label in (("image_T1.jpg", 0), ("image_F1.jpg", 1), ("image_F2.jpg", 1)):
        p = cv2.imread("%s/%s" % (folder, name))[..., ::-1]
        h, w = p.shape[:2]
        scores, boxes, _ = detector(cv2.resize(p, (320, 240)))
        box = boxes[int(np.argmax(scores))].reshape(2, 2) * [w / 320, h / 240]
        half = (0.5 + margin) * max(box[1] - box[0])
        x, y = box.mean(0)
        m = np.array([[1, 0, half - x], [0, 1, half - y]]) * SIZE / (2 * half)
        pictures.append(cv2.warpAffine(np.ascontiguousarray(p), m, (SIZE, SIZE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE))
        labels.append(label)
    return np.array(pictures), np.array(labels)


def measure(net, held, simulated, other):
    apcer, bpcer = errors(net, *held)
    print("  filmed, held out: %d live, %d spoof; APCER %.3f, BPCER %.3f" % (*np.bincount(held[1]), apcer, bpcer))
    print("  another source, probability of a spoof: %s" % [(round(float(net(tflite.to_input(p))[1]), 3), int(y)) for p, y in zip(*other)])
    return {"HTER": (apcer + bpcer) / 2, "APCER": apcer, "BPCER": bpcer, "HTER simulated": np.mean(errors(net, *simulated)),
            "HTER another source": np.mean(errors(net, *other))}


def main():
    a = recipe.start(__doc__, [NAME], epochs=4)
    x, y, numbers = filmed(a.shared + "/data/spoof")
    train, held = numbers < HELD_OUT, numbers >= HELD_OUT
    people, names = faces.read(a.shared + "/data/utkface.tar", a.work, every=70 if a.smoke else 1)
    part = faces.split(people, names, NEAR, "%s/utkface_split%s.npy" % (a.work, "_smoke" if a.smoke else ""))
    known, strangers = (np.array(people[part == p]) for p in (faces.TRAIN, faces.TEST))
    margin = faces.margin(a.shared, x[held][::2])
    print("filmed: train %d, held out %d; margin %.3f" % (train.sum(), held.sum(), margin))
    other = elsewhere(a.shared + "/media/spoof", faces.box_detector(a.shared), 0 if np.isnan(margin) else margin)

    r = np.random.default_rng(recipe.SEED)
    shown = [cv2.resize(p, (SIZE, SIZE)) for p in recipe.few(strangers, a)[:300]]
    simulated = shown + [(on_screen, on_paper)[i % 2](p, r) for i, p in enumerate(shown)], np.repeat([0, 1], len(shown))

    model = network()
    faced = np.array([cv2.resize(p, (SIZE, SIZE)) for p in known[::max(len(known) // 300, 1)]])
    examples = faces.examples(np.concatenate([x[train], faced, np.array([on_screen(p, r) for p in faced], np.uint8)]), r)
    mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), examples[::8])
    batches = recipe.Batches(lambda r: batch(x[train], y[train], known, r), STEPS, a)

    def train_at(model, rate, epochs, **options):
        model.compile(keras.optimizers.AdamW(recipe.schedule(rate, epochs * len(batches)), weight_decay=1e-2, **options),
                      keras.losses.CategoricalCrossentropy(label_smoothing=0.05), metrics=["accuracy"])
        return model
    recipe.fit(train_at(model, 5e-4, a.epochs, use_ema=True, ema_momentum=0.99), batches, a)
    pruned = network()
    pruned.set_weights(model.get_weights())
    recipe.prune(train_at(pruned, 5e-4, PRUNED), batches, a, PRUNED)
    recipe.write(model, a, ["liveness"], examples, lambda net: measure(net, (x[held], y[held]), simulated, other), ENTRY, pruned)


if __name__ == "__main__":
    main()
