"""Trains and measures emotion_mobilefacenet_050_48: which of seven emotions does a face show?

usage: emotion.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--epochs N] [--smoke]

Wants the set ferplus of data.py (FER2013's grey faces with the votes of FER+, Barsoum et al. 2016) and in the shared
folder media/emotion (faces of CK+, only measured). In: image [1 48 48 3] RGB, (x - 128) / 128, a face with the margin
that FER2013 has. Out: probabilities [1 7], softmax over EMOTIONS. Starts from the network of age_gender.py, trained
before in the same --work: from scratch these votes teach slowly.

Left out: FER2013's PublicTest, which chooses the epoch, and its PrivateTest, whose figure the card claims; pictures that
look like one of these are not trained on.
"""
import csv
import glob

import cv2
import keras
import numpy as np
from keras import layers

import age_gender
import faces
import mobilefacenet
import recipe
import tflite
import trainer
from trainer import torch

NAME = "emotion_mobilefacenet_050_48"
SIZE = 48
EMOTIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
VOTES = EMOTIONS + ["contempt", "unknown", "NF"]  # columns of the labels; NF is no face
# Folders of CK+, which has none of neutral faces, in the order of EMOTIONS.
CK = ["neutral", "happy", "surprise", "sadness", "anger", "disgust", "fear"]
# A picture is like another when their hashes differ in at most so many of 143 bits.
DIFFERING = 28
# A class of n pictures is drawn n ** 0.7 times as often, and the loss adds PRIOR times the log of how often it is drawn.
EVENING, PRIOR = 0.7, 0.5
BATCH = 96
ENTRY = {
    "title": "MobileFaceNet x0.5, emotion, 48", "task": "head", "use": "research", "roles": {"probabilities": "emotion"},
    # The margin with which the crop of an Ultra-Light RFB box is as large as FER2013's.
    "head": {"margin": 0.015, "answers": [{"name": "emotion", "kind": "softmax", "output": "emotion", "labels": EMOTIONS}]},
}


def network():
    """Half as wide as the paper's, with strides for 48x48."""
    picture = keras.Input((SIZE, SIZE, 3))
    x = mobilefacenet.features(picture, width=0.5, last=256, strides=(2, 2, 1, 1, 2, 1))
    x = layers.Dropout(0.3)(x)
    return keras.Model(picture, layers.Dense(len(EMOTIONS), activation="softmax", kernel_initializer="zeros")(x))


def begin(model, a):
    """Starts from the network of age and gender, which has the same layers before its heads."""
    if a.smoke:
        return
    before = age_gender.network()
    trainer.load(before, "%s/%s" % (a.work, age_gender.NAME), "batch")
    for layer, other in zip(model.layers[:-1], before.layers):
        if isinstance(layer, layers.DepthwiseConv2D) and layer.kernel.shape != other.kernel.shape:
            # The one over all places, which are more here.
            kernel, size = other.get_weights()[0], layer.kernel.shape[0]
            larger = np.stack([cv2.resize(k, (size, size)) for k in kernel[..., 0].transpose(2, 0, 1)], -1)
            layer.set_weights([larger[..., None] * (len(kernel) / size) ** 2])
        else:
            layer.set_weights(other.get_weights())


def read(folder):
    """Pictures, votes for EMOTIONS as shares, and usage, of the faces that have an emotion for their majority."""
    rows = list(csv.DictReader(open(folder + "/labels.csv")))
    votes = np.array([[float(row[v]) for v in VOTES] for row in rows], np.float32)
    used = np.flatnonzero((votes.argmax(1) < len(EMOTIONS)) & (votes[:, :len(EMOTIONS)].sum(1) > 0))
    shares = votes[used, :len(EMOTIONS)]
    pictures = np.load(folder + "/faces.npy", mmap_mode="r")[used]
    return pictures, shares / shares.sum(1, keepdims=True), np.array([rows[i]["usage"] for i in used])


def weights(shares):
    """How often each picture is drawn, by the class it has most votes for."""
    labels = shares.argmax(1)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    of = (np.maximum(counts, 1.0) ** (EVENING - 1))[labels]
    return of / of.sum()


def batch(pictures, shares, often, r):
    chosen = r.choice(len(often), BATCH, p=often)
    x = [faces.altered(cv2.cvtColor(pictures[i], cv2.COLOR_GRAY2RGB), r, shift=0.05, turn=8, zoom=0.08, tint=0.08) for i in chosen]
    return np.stack(x), shares[chosen]


def make_loss(prior):
    """Cross-entropy to the shares of votes, with logit adjustment (Menon et al. 2021) by how often classes are seen."""
    offset = PRIOR * torch.log(torch.tensor(prior, dtype=torch.float32))

    def loss(truth, found):
        logs = torch.log_softmax(torch.log(found + 1e-7) + offset, 1)
        return -(truth * logs).sum(1).mean()
    return loss


def confusion(net, pictures, labels):
    """Pictures by true emotion (rows) and found one (columns)."""
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    for picture, label in zip(pictures, labels):
        table[label, np.argmax(net(tflite.to_input(picture)))] += 1
    return table


def accuracy(table):
    return np.trace(table) / table.sum()


def balanced(table):
    """The mean share of right answers over the emotions that are there."""
    counts = table.sum(1)
    return np.mean(np.diag(table)[counts > 0] / counts[counts > 0])


def measure(net, sets):
    figures = {}
    for title, (pictures, labels) in sets.items():
        table = confusion(net, pictures, labels)
        figures[title + " accuracy"], figures[title + " balanced"] = accuracy(table), balanced(table)
        figures[title + " confusion"] = table.tolist()
    return figures


def left_out(net, pictures, labels):
    """Both figures, by emotion."""
    rows = [(label, int(np.argmax(net(tflite.to_input(p))))) for p, label in zip(pictures, labels)]

    def table(some):
        out = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
        np.add.at(out, tuple(np.array(some).T), 1)
        return out
    return {name: recipe.spread(rows, lambda row: EMOTIONS[row[0]], lambda some: figure(table(some)))
            for name, figure in (("accuracy", accuracy), ("balanced", balanced))}


def another_source(folder):
    """Faces of CK+ in folders of the emotions; contempt, which the network does not know, is left out."""
    pictures, labels = [], []
    for label, name in enumerate(CK):
        for path in sorted(glob.glob("%s/%s/*" % (folder, name))):
            pictures.append(cv2.resize(cv2.imread(path)[..., ::-1], (SIZE, SIZE), interpolation=cv2.INTER_AREA))
            labels.append(label)
    return np.array(pictures), np.array(labels)


def main():
    a = recipe.start(__doc__, [NAME], epochs=18)
    pictures, shares, usage = read(a.data + "/ferplus")
    train, public, private = (recipe.few(np.flatnonzero(usage == u), a, 200) for u in ("Training", "PublicTest", "PrivateTest"))
    train = train[~faces.like(pictures[train], pictures[np.concatenate([public, private])], DIFFERING)]
    print("faces %d, chosen by %d, left out %d" % (len(train), len(public), len(private)))
    shown, wanted = pictures[train], shares[train]
    often = weights(wanted)
    colour = lambda of: (np.stack([cv2.cvtColor(pictures[i], cv2.COLOR_GRAY2RGB) for i in of]), shares[of].argmax(1))
    chosen_by, judged = colour(public), colour(private)

    def judge(net):
        table = confusion(net, *chosen_by)
        return (accuracy(table) + balanced(table)) / 2
    model = network()
    begin(model, a)
    batches = recipe.Batches(lambda r: batch(shown, wanted, often, r), len(train) // BATCH, a)
    trainer.fit(model, batches, a, make_loss(often @ wanted), 2e-3, decay=0.05, norm="batch", judge=judge)
    sets = {"PrivateTest": judged, "CK+": another_source(a.shared + "/media/emotion")}
    examples = faces.examples(colour(train[::10])[0], np.random.default_rng(recipe.SEED))
    recipe.write(model, a, ["probabilities"], examples, lambda net: measure(net, sets), ENTRY, left_out=lambda net: left_out(net, *judged))


if __name__ == "__main__":
    main()
