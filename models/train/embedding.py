"""Trains and measures embedding_mobilefacenet_112: 128 numbers whose direction tells who a face is.

usage: embedding.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs N] [--smoke]

Wants in the shared folder data/utkface.tar (UTKFace at 112x112, non-commercial research use; of its labels only ages
are used, to choose a threshold by grown-ups), models/ultralight_face_landmark.tflite, by which faces are aligned as in
the app, and media/recognition (labelled pairs of photographs, only measured). The teacher is dlib's network (CC0), see
teacher.py.

In: image [1 112 112 3] RGB, (x - 128) / 128, a face aligned to the five-point template. Out: embedding [1 128]; two
faces are alike by the cosine of theirs.
"""
import csv

import cv2
import keras
import numpy as np
from keras import layers, ops

import age_gender
import faces
import mobilefacenet
import recipe
import teacher

NAME = "embedding_mobilefacenet_112"
NUMBERS = 128
# Pictures whose hashes differ in at most so many of 143 bits are kept in one part of the split.
DIFFERING = 20
BATCH = 64
# One in so many pairs of grown-up strangers may be taken for one person; children look too alike to be counted.
STRANGERS, GROWN = 20, 20
# Weight of the loss on likenesses between faces, against that on each face's own direction.
RELATIONS = 4.0
# UTKFace cuts faces at the forehead: above this row of an aligned face lies what was mirrored.
FOREHEAD = 24
# Its threshold is the one that measure finds.
ENTRY = {"title": "MobileFaceNet x0.375, 112", "task": "embedding", "experimental": True}


def network():
    """Three eighths as wide as the paper's."""
    picture = keras.Input((112, 112, 3))
    return keras.Model(picture, layers.Dense(NUMBERS)(mobilefacenet.features(picture, width=0.375, last=256)))


def directions(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def distillation(wanted, found):
    """How far each direction is from the teacher's, and how far likenesses within the batch are from the teacher's."""
    found = found / ops.norm(found, axis=-1, keepdims=True)
    own = 1 - ops.sum(wanted * found, axis=-1)
    relations = ops.square(ops.matmul(found, ops.transpose(found)) - ops.matmul(wanted, ops.transpose(wanted)))
    return own + RELATIONS * ops.mean(relations, axis=-1)


def seen(face, r):
    """An aligned face as cameras and landmarks would vary it, its mirrored forehead often covered."""
    face = face.copy()
    if r.random() < 0.5:
        face[:r.integers(1, FOREHEAD)] = r.integers(0, 256, 3)
    if r.random() < 0.3:
        small = int(r.integers(32, 100))
        face = cv2.resize(cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA), (112, 112))
    return faces.altered(face, r, shift=0.015, turn=3, zoom=0.03)


def batch(pictures, targets, r):
    chosen = r.choice(len(pictures), BATCH)
    return faces.to_input(np.stack([seen(pictures[i], r) for i in chosen])), targets[chosen]


def photographs(folder, shared):
    """Pairs (first, second, same?) of the faces in labelled photographs, aligned as the app does it."""
    detector, found = faces.landmark_detector(shared), {}

    def face(name):
        if name not in found:
            picture = cv2.imread("%s/%s" % (folder, name))[..., ::-1]
            scores, _, points = detector(cv2.resize(picture, (320, 240)))
            scale = np.array([picture.shape[1] / 320, picture.shape[0] / 240])
            found[name] = faces.aligned(np.ascontiguousarray(picture), points[np.argmax(scores)] * scale)
        return found[name]
    with open(folder + "/pairs.csv") as f:
        return [(face(row["a"]), face(row["b"]), row["same"] == "Yes") for row in csv.DictReader(f)]


def strangers_threshold(faces):
    """The cosine that one in STRANGERS of all pairs of faces reaches, which are of different people but for a few."""
    return np.quantile((faces @ faces.T)[np.triu_indices(len(faces), 1)], 1 - 1 / STRANGERS)


def measure(net, validation, test, pairs):
    """Figures of a network: validation are the faces of grown-ups that its threshold is chosen by, test is faces and what
    the teacher says of them, pairs are labelled."""
    embed = lambda pictures: directions(np.stack([net(faces.to_input(p)) for p in pictures]))
    threshold = strangers_threshold(embed(validation))
    pictures, targets = test
    figures = {"threshold": threshold, "cosine to teacher": np.mean((embed(pictures) * targets).sum(1))}
    same = np.array([s for _, _, s in pairs])
    cosines = np.array([(embed([a]) * embed([b])).sum() for a, b, _ in pairs])
    figures["pairs accuracy"] = np.mean((cosines >= threshold) == same)
    figures["pairs AUC"] = np.mean(cosines[same][:, None] > cosines[~same])
    figures["least same"], figures["greatest other"] = cosines[same].min(), cosines[~same].max()
    return figures


def main():
    a = recipe.start(__doc__, [NAME], epochs=15)
    pictures, names = faces.read(a.shared + "/data/utkface.tar", a.work)
    part = faces.split(pictures, names, DIFFERING, a.work + "/utkface_split.npy")
    used = recipe.few(np.arange(len(pictures)), a, 60)
    numbers, aligned, raw = teacher.teach(pictures[used], a.shared, a.work + ("/teacher_smoke" if a.smoke else "/teacher"))
    part = part[used][numbers]
    # Around their mean, so that two strangers' cosine is near nought.
    targets = directions(raw - raw[part == faces.TRAIN].mean(0))
    train = part == faces.TRAIN

    model = network()
    shown, wanted = aligned[train], targets[train]
    batches = recipe.Batches(lambda r: batch(shown, wanted, r), max(len(shown) // BATCH, 1), a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(3e-3, a.epochs * len(batches)), weight_decay=0.01), distillation)
    recipe.fit(model, batches, a)

    ages = age_gender.people(names[used][numbers])[0]
    validation = aligned[(part == faces.VALIDATION) & (ages >= GROWN)]
    test = aligned[part == faces.TEST], targets[part == faces.TEST]
    pairs = photographs(a.shared + "/media/recognition", a.shared)
    examples = faces.examples(shown, np.random.default_rng(recipe.SEED))
    recipe.write(model, a, ["embedding"], examples, lambda net: measure(net, validation, test, pairs), ENTRY)


if __name__ == "__main__":
    main()
