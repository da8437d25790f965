"""Trains and measures the networks named in NETWORKS: 128 numbers whose direction tells who a face is.

usage: embedding.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--model NAME]
                    [--epochs N] [--teach only] [--smoke]

Wants the sets utkface, fairface and lfw of data.py, of whose labels only LFW's persons are used, and in the shared
folder models/ultralight_face_landmark.tflite, by which faces are aligned as in the app, and media/recognition (labelled
pairs of photographs, only measured). The teacher is dlib's network (CC0), see teacher.py; its answers are kept in
--work, and --teach only ends when they are there.

In: image [1 112 112 3] RGB, (x - 128) / 128, a face aligned to the five-point template. Out: embedding [1 128]; two
faces are alike by the cosine of theirs.

Left out: LEFT_OUT of LFW's persons by the hash of their name, whose pairs are judged by. The epoch is chosen by the cosine to the teacher on their faces, the threshold by their pairs of different
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
NETWORKS = {"embedding_mobilefacenet_112": (0.375, 16), "embedding_mobilefacenet_100_112": (1.0, 8)}
NUMBERS = 128
LEFT_OUT = 0.08
# The teacher takes its time, so that of the other sets every so-manyth face is used, and of LFW MOST of a person.
OTHERS, MOST = {"utkface": 4, "fairface": 8}, 8
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
    rows = list(csv.DictReader(open(a.data + "/lfw/names.csv")))
    lfw = [i for i, row in enumerate(rows) if int(row["number"]) <= MOST]
    # In smoke mode neighbours, who are of one person.
    chosen, aligned, raw, persons = {"lfw": lfw[:100] if a.smoke else lfw}, [], [], []
    for name in ["lfw", *OTHERS]:
        pictures = np.load("%s/%s/faces.npy" % (a.data, name), mmap_mode="r")
        used = chosen.get(name) or recipe.few(range(0, len(pictures), OTHERS[name]), a, 100)
        kept = "%s/teacher%s_%s" % (a.work, "_smoke" if a.smoke else "", name)
        numbers, some, targets = teacher.teach([pictures[i] for i in used], a.shared, kept)
        print("%s: %d faces of %d" % (name, len(numbers), len(used)), flush=True)
        persons += [rows[used[i]]["person"] if name == "lfw" else "" for i in numbers]
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


def accepted(same, other, share):
    """Which pairs of one person are taken for one where that share of pairs of different ones is."""
    return same >= np.quantile(other, 1 - share)


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

    def split(self, vectors):
        """Cosines of the pairs of one person and of different ones."""
        cosines = (vectors @ vectors.T)[self.first, self.second]
        return cosines[self.same], cosines[~self.same]

    def left_out(self, net):
        """Accepted pairs of one person, with persons drawn anew for the interval."""
        names, out = self.persons[self.first[self.same]], {}
        cosines = self.split(self.embedded(net))
        for share in (FALSE_ACCEPTS, LOOSE):
            right = accepted(*cosines, share)
            rows = [right[names == name] for name in np.unique(names)]
            out["accepted at %g %% false accepts" % (100 * share)] = recipe.spread(rows, lambda row: "LFW", lambda some: np.concatenate(some).mean())
        return out

    def measure(self, net, pairs):
        """Also of labelled pairs of photographs."""
        vectors = self.embedded(net)
        same, other = self.split(vectors)
        threshold = np.quantile(other, 1 - FALSE_ACCEPTS)
        figures = {"threshold": threshold, "cosine to teacher": np.mean((vectors * self.targets).sum(1)),
                   "accepted at 0.1 %": accepted(same, other, FALSE_ACCEPTS).mean(), "accepted at 1 %": accepted(same, other, LOOSE).mean()}
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
    judged = Judged(aligned[out], targets[out], persons[out])
    print("faces %d, judged %d, pairs of one person %d" % ((~out).sum(), out.sum(), judged.same.sum()))
    print("the teacher accepts %.3f at 0.1 %%, %.3f at 1 %%" % tuple(accepted(*judged.split(targets[out]), share).mean() for share in (FALSE_ACCEPTS, LOOSE)))

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
