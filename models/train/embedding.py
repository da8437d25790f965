"""Trains and measures the networks named in NETWORKS: 128 numbers whose direction tells who a face is.

usage: embedding.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--model NAME]
                    [--epochs N] [--teach only] [--smoke]

Wants the sets utkface, fairface and lfw of data.py, of whose labels only LFW's persons are used, and in the shared
folder models/ultralight_face_landmark.tflite, by which faces are aligned as in the app, and media/recognition (labelled
pairs of photographs, only measured). The teacher is dlib's network (CC0), see teacher.py; its answers are kept in
--work, and --teach only ends when they are there.

In: image [1 112 112 3] RGB, (x - 128) / 128, a face aligned to the five-point template. Out: embedding [1 128]; two
faces are alike by the cosine of theirs.

Left out: LEFT_OUT of LFW's persons by the hash of their name; their pairs are judged by, at most MOST pictures of one
person. The epoch is chosen by the cosine to the teacher on their faces, the threshold by their pairs of different
persons.
"""
import csv

import cv2
import keras
import numpy as np
from keras import layers

import faces
import mobilefacenet
import recipe
import teacher
import trainer
from trainer import F

# Width against the paper's, and epochs.
NETWORKS = {"embedding_mobilefacenet_112": (0.375, 24), "embedding_mobilefacenet_100_112": (1.0, 10)}
NUMBERS = 128
LEFT_OUT, MOST = 0.08, 8
SETS = {"lfw": 1, "utkface": 1, "fairface": 6}  # every so-manyth picture is used
BATCH = 64
# Share of pairs of different persons that are taken for one person, at the threshold and for comparison.
FALSE_ACCEPTS, LOOSE = 0.001, 0.01
# Weight of the loss on likenesses between faces, against that on each face's own direction.
RELATIONS = 4.0
# UTKFace cuts faces at the forehead: above this row of an aligned face lies what was mirrored.
FOREHEAD = 24


def network(width):
    picture = keras.Input((112, 112, 3))
    return keras.Model(picture, layers.Dense(NUMBERS)(mobilefacenet.features(picture, width=width, last=max(256, int(512 * width)))))


def directions(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def distillation(wanted, found):
    """How far each direction is from the teacher's, and how far likenesses within the batch are from the teacher's."""
    found = F.normalize(found, dim=1)
    own = 1 - (wanted * found).sum(1)
    return own.mean() + RELATIONS * (found @ found.T - wanted @ wanted.T).square().mean()


def seen(face, r):
    """An aligned face as cameras and landmarks would vary it, its mirrored forehead often covered."""
    if r.random() < 0.5:
        face = face.copy()
        face[:r.integers(1, FOREHEAD)] = r.integers(0, 256, 3)
    if r.random() < 0.3:
        small = int(r.integers(32, 100))
        face = cv2.resize(cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA), (112, 112))
    return faces.altered(face, r, shift=0.015, turn=3, zoom=0.03)


def batch(pictures, targets, r):
    chosen = r.choice(len(pictures), BATCH)
    return np.stack([seen(pictures[i], r) for i in chosen]), targets[chosen]


def taught(a):
    """Aligned faces of all sets, the teacher's numbers, and the persons of LFW's, "" for others."""
    aligned, raw, persons = [], [], []
    for name, every in SETS.items():
        pictures = np.load("%s/%s/faces.npy" % (a.data, name), mmap_mode="r")
        used = recipe.few(np.arange(0, len(pictures), every), a, 100)
        if name == "lfw" and a.smoke:
            used = np.arange(100)  # neighbours are of one person
        numbers, some, targets = teacher.teach([pictures[i] for i in used], a.shared, "%s/teacher%s_%s" % (a.work, "_smoke" if a.smoke else "", name))
        print("%s: %d faces of %d" % (name, len(numbers), len(used)), flush=True)
        named = [row["person"] for row in csv.DictReader(open(a.data + "/lfw/names.csv"))] if name == "lfw" else None
        persons += [named[used[i]] if named else "" for i in numbers]
        aligned.append(some)
        raw.append(targets)
    return np.concatenate(aligned), np.concatenate(raw), np.array(persons)


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


class Judged:
    """Faces of left-out persons, and the pairs of them."""

    def __init__(self, pictures, targets, persons):
        first, second = np.triu_indices(len(persons), 1)
        self.pictures, self.targets, self.persons = pictures, targets, persons
        self.first, self.second, self.same = first, second, persons[first] == persons[second]

    def embedded(self, net):
        return directions(np.stack([net(faces.to_input(p)) for p in self.pictures]))

    def likeness(self, net):
        """Mean cosine to the teacher."""
        return np.mean((self.embedded(net) * self.targets).sum(1))

    def pairs(self, net):
        """Cosines of the pairs of one person and of different ones."""
        vectors = self.embedded(net)
        cosines = (vectors @ vectors.T)[self.first, self.second]
        return cosines[self.same], cosines[~self.same]

    def left_out(self, net):
        """Accepted pairs of one person, with persons drawn anew for the interval."""
        same, other = self.pairs(net)
        names, out = self.persons[self.first[self.same]], {}
        for share in (FALSE_ACCEPTS, LOOSE):
            accepted = same >= np.quantile(other, 1 - share)
            rows = [accepted[names == name] for name in np.unique(names)]
            out["accepted at %g %% false accepts" % (100 * share)] = recipe.spread(rows, lambda row: "LFW", lambda some: np.concatenate(some).mean())
        return out

    def measure(self, net, pairs):
        """Also of labelled pairs of photographs."""
        same, other = self.pairs(net)
        threshold = np.quantile(other, 1 - FALSE_ACCEPTS)
        figures = {"threshold": threshold, "cosine to teacher": self.likeness(net), "accepted at 0.1 %": np.mean(same >= threshold),
                   "accepted at 1 %": np.mean(same >= np.quantile(other, 1 - LOOSE))}
        embed = lambda p: directions(net(faces.to_input(p)))
        one = np.array([s for _, _, s in pairs])
        cosines = np.array([embed(p) @ embed(q) for p, q, _ in pairs])
        figures["photographs accuracy"] = np.mean((cosines >= threshold) == one)
        figures["photographs AUC"] = np.mean(cosines[one][:, None] > cosines[~one])
        return figures


def main():
    a = recipe.start(__doc__, list(NETWORKS), epochs={name: epochs for name, (_, epochs) in NETWORKS.items()},
                     teach=("", "'only' ends when the teacher's answers are there"))
    aligned, raw, persons = taught(a)
    if a.teach == "only":
        return
    out = np.array([name != "" and recipe.share_of(name) < (0.5 if a.smoke else LEFT_OUT) for name in persons])
    # Around their mean, so that two strangers' cosine is near nought.
    targets = directions(raw - raw[~out].mean(0))
    some = np.concatenate([np.flatnonzero(persons == name)[:MOST] for name in np.unique(persons[out])])
    judged = Judged(aligned[some], targets[some], persons[some])
    print("faces %d, judged %d, pairs of one person %d" % ((~out).sum(), len(some), judged.same.sum()))
    same, other = (lambda cosines: (cosines[judged.same], cosines[~judged.same]))((targets[some] @ targets[some].T)[judged.first, judged.second])
    print("the teacher accepts %.3f at 0.1 %%, %.3f at 1 %%" % tuple(np.mean(same >= np.quantile(other, 1 - share)) for share in (FALSE_ACCEPTS, LOOSE)))

    width = NETWORKS[a.model][0]
    model, shown, wanted = network(width), aligned[~out], targets[~out]
    batches = recipe.Batches(lambda r: batch(shown, wanted, r), len(shown) // BATCH, a)
    trainer.fit(model, batches, a, distillation, 3e-3, decay=0.01, norm="batch", judge=judged.likeness)
    pairs = photographs(a.shared + "/media/recognition", a.shared)
    examples = faces.examples(shown, np.random.default_rng(recipe.SEED))
    # The threshold is the one that measure finds.
    entry = {"title": "MobileFaceNet x%g, 112" % width, "task": "embedding", "use": "research", "experimental": True}
    recipe.write(model, a, ["embedding"], examples, lambda net: judged.measure(net, pairs), entry, left_out=judged.left_out)


if __name__ == "__main__":
    main()
