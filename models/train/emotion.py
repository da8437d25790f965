"""Trains and measures emotion_mobilefacenet_050_48: which of seven emotions does a face show?

usage: emotion.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs N] [--smoke]

Wants in the shared folder data/fer2013.tar (FER2013 in seven class folders, grey 48x48) and media/emotion (faces of CK+,
only measured). In: image [1 48 48 3] RGB, (x - 128) / 128, a face with the margin that FER2013 has. Out: probabilities
[1 7], softmax over EMOTIONS.
"""
import glob

import cv2
import keras
import numpy as np
from keras import layers

import faces
import mobilefacenet
import recipe
import tflite

NAME = "emotion_mobilefacenet_050_48"
SIZE = 48
EMOTIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
# Folders of FER2013 and of CK+, which has none of neutral faces, in that order.
FER2013 = ["neutral", "happy", "surprise", "sad", "angry", "disgust", "fear"]
CK = ["neutral", "happy", "surprise", "sadness", "anger", "disgust", "fear"]
# Pictures whose hashes differ in at most so many of 143 bits are kept in one part of the split.
DIFFERING = 28
# FER2013 has 16 times as many happy faces as disgusted ones: a class of n pictures is drawn n ** 0.75 times as often.
EVENING = 0.75
BATCH = 64
ENTRY = {
    "title": "MobileFaceNet x0.5, emotion, 48", "task": "head", "roles": {"probabilities": "emotion"},
    # The margin with which the crop of an Ultra-Light RFB box is as large as FER2013's.
    "head": {"margin": 0.015, "answers": [{"name": "emotion", "kind": "softmax", "output": "emotion", "labels": EMOTIONS}]},
}


def network():
    """Half as wide as the paper's, with strides for 48x48."""
    picture = keras.Input((SIZE, SIZE, 3))
    x = mobilefacenet.features(picture, width=0.5, last=256, strides=(2, 2, 1, 1, 2, 1))
    x = layers.Dropout(0.3)(x)
    return keras.Model(picture, layers.Dense(len(EMOTIONS), activation="softmax")(x))


def batch(pictures, labels, r):
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    weights = (np.maximum(counts, 1.0) ** (EVENING - 1))[labels]
    chosen = r.choice(len(labels), BATCH, p=weights / weights.sum())
    x = np.stack([faces.altered(pictures[i], r, shift=0.05, turn=8, zoom=0.08) for i in chosen])
    return tflite.to_input(x), np.eye(len(EMOTIONS), dtype=np.float32)[labels[chosen]]


def confusion(net, pictures, labels):
    """Pictures by true emotion (rows) and found one (columns)."""
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    for picture, label in zip(pictures, labels):
        table[label, np.argmax(net(tflite.to_input(picture)))] += 1
    return table


def measure(net, sets):
    figures = {}
    for title, (pictures, labels) in sets.items():
        table = confusion(net, pictures, labels)
        counts = table.sum(1)
        figures[title + " accuracy"] = np.trace(table) / table.sum()
        figures[title + " balanced"] = np.mean(np.diag(table)[counts > 0] / counts[counts > 0])
        figures[title + " confusion"] = table.tolist()
    return figures


def another_source(folder):
    """Faces of CK+ in folders of the emotions; contempt, which the network does not know, is left out."""
    pictures, labels = [], []
    for label, name in enumerate(CK):
        for path in sorted(glob.glob("%s/%s/*" % (folder, name))):
            pictures.append(cv2.resize(cv2.imread(path)[..., ::-1], (SIZE, SIZE), interpolation=cv2.INTER_AREA))
            labels.append(label)
    return np.array(pictures), np.array(labels)


def main():
    a = recipe.start(__doc__, [NAME], epochs=30)
    pictures, names = faces.read(a.shared + "/data/fer2013.tar", a.work, every=100 if a.smoke else 1)
    part = faces.split(pictures, names, DIFFERING, "%s/fer2013_split%s.npy" % (a.work, "_smoke" if a.smoke else ""))
    labels = np.array([FER2013.index(name.split("/")[-2]) for name in names])
    pictures = np.array(pictures)
    train, test = (np.flatnonzero(part == p) for p in (faces.TRAIN, faces.TEST))

    model = network()
    shown, wanted = pictures[train], labels[train]
    batches = recipe.Batches(lambda r: batch(shown, wanted, r), len(train) // BATCH, a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(3e-3, a.epochs * len(batches)), weight_decay=0.05,
                                         use_ema=True, ema_momentum=0.998),
                  keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"])
    recipe.fit(model, batches, a)
    sets = {"test": (pictures[test], labels[test]), "CK+": another_source(a.shared + "/media/emotion")}
    examples = faces.examples(shown, np.random.default_rng(recipe.SEED))
    recipe.write(model, a, ["probabilities"], examples, lambda net: measure(net, sets), ENTRY)


if __name__ == "__main__":
    main()
