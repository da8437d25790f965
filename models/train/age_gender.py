"""Trains and measures age_gender_mobilefacenet_050_64: how old does a face look, and male or female?

usage: age_gender.py [--shared ../shared] [--work build/train] [--out models/trained] [--epochs N] [--smoke]

Wants in the shared folder data/utkface.tar (faces named age_gender_race_date.jpg). In: image [1 64 64 3] RGB,
(x - 128) / 128, a face with the margin that UTKFace has. Out: age [1 21], softmax over CENTRES, of which the mean
weighted by it is the age (DEX, Rothe et al. 2015); gender [1 2], softmax over male, female.
"""
import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import faces
import mobilefacenet
import recipe
import tflite

NAME = "age_gender_mobilefacenet_050_64"
SIZE = 64
STEP = 5
CENTRES = np.arange(0, 101, STEP, dtype=np.float32)
RACES = ["white", "black", "Asian", "Indian", "others"]  # as UTKFace numbers them
BANDS = [(0, 9), (10, 19), (20, 39), (40, 59), (60, 116)]
# Pictures whose hashes differ in at most so many of 143 bits are kept in one part of the split.
DIFFERING = 20
ENTRY = {
    "title": "MobileFaceNet x0.5, age and gender, 64", "task": "head",
    # The margin with which the crop of an Ultra-Light RFB box is as large as UTKFace's.
    "head": {"margin": -0.055, "answers": [
        {"name": "age", "kind": "expectation", "output": "age", "gain": STEP},
        {"name": "gender", "kind": "softmax", "output": "gender", "labels": ["male", "female"]}]},
}
BATCH = 64


def network():
    """Half as wide as the paper's, with strides for 64x64."""
    picture = keras.Input((SIZE, SIZE, 3))
    x = mobilefacenet.features(picture, width=0.5, last=256, strides=(2, 2, 2, 1, 2, 1))
    x = layers.Dropout(0.2)(x)
    return keras.Model(picture, [layers.Dense(len(CENTRES), activation="softmax", name="age")(x),
                                 layers.Dense(2, activation="softmax", name="gender")(x)])


def shares(ages):
    """Each age as shares of the two centres beside it, so that their weighted mean is that age."""
    return np.maximum(0, 1 - np.abs(np.clip(ages, 0, CENTRES[-1])[:, None] - CENTRES) / STEP).astype(np.float32)


def age_loss(truth, found):
    """Cross-entropy, and how many centres the mean age is off."""
    off = tf.abs(tf.linalg.matvec(truth - found, CENTRES)) / STEP
    return keras.losses.categorical_crossentropy(truth, found) + off


def batch(pictures, ages, genders, r):
    chosen = r.choice(len(ages), BATCH)
    x = np.stack([faces.altered(pictures[i], r, shift=0.04, turn=8, zoom=0.08) for i in chosen])
    return tflite.to_input(x), (shares(ages[chosen]), np.eye(2, dtype=np.float32)[genders[chosen]])


def people(names):
    """Ages, genders (0 male, 1 female) and races from the names; -1 for a race that is not given."""
    rows = []
    for name in names:
        parts = name.split("/")[-1].split("_")
        given = len(parts) == 4 and parts[2].isdigit() and int(parts[2]) < len(RACES)
        rows.append((int(parts[0]), int(parts[1]), int(parts[2]) if given else -1))
    return np.array(rows).T


def measure(net, pictures, ages, genders, races):
    errors, right = np.empty(len(ages)), np.empty(len(ages))
    for i, picture in enumerate(pictures):
        out = net(tflite.to_input(picture))
        # The shares of 8 bit do not quite add up to 1.
        errors[i] = abs(out["age"] @ CENTRES / out["age"].sum() - ages[i])
        right[i] = np.argmax(out["gender"]) == genders[i]
    groups = [("male", genders == 0), ("female", genders == 1)]
    groups += [(race, races == i) for i, race in enumerate(RACES)]
    groups += [("%d to %d years" % band, (ages >= band[0]) & (ages <= band[1])) for band in BANDS]
    table = [[title, int(of.sum()), round(float(errors[of].mean()), 2), round(float(right[of].mean()), 3)]
             for title, of in groups if of.any()]
    return {"age MAE": errors.mean(), "gender accuracy": right.mean(), "group, faces, age MAE, gender accuracy": table}


def main():
    a = recipe.start(__doc__, [NAME], epochs=20)
    large, names = faces.read(a.shared + "/data/utkface.tar", a.work, every=70 if a.smoke else 1)
    part = faces.split(large, names, DIFFERING, "%s/utkface_split%s.npy" % (a.work, "_smoke" if a.smoke else ""))
    ages, genders, races = people(names)
    train, test = (np.flatnonzero(part == p) for p in (faces.TRAIN, faces.TEST))
    shown, held = (np.stack([cv2.resize(large[i], (SIZE, SIZE), interpolation=cv2.INTER_AREA) for i in of]) for of in (train, test))

    model = network()
    batches = recipe.Batches(lambda r: batch(shown, ages[train], genders[train], r), len(train) // BATCH, a)
    model.compile(keras.optimizers.AdamW(recipe.schedule(3e-3, a.epochs * len(batches)), weight_decay=0.02),
                  [age_loss, "categorical_crossentropy"], loss_weights=[0.5, 1.0])
    recipe.fit(model, batches, a)
    examples = faces.examples(shown, np.random.default_rng(recipe.SEED))
    recipe.write(model, a, ["age", "gender"], examples, lambda net: measure(net, held, ages[test], genders[test], races[test]), ENTRY)


if __name__ == "__main__":
    main()
