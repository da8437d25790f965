"""Trains and measures age_gender_mobilefacenet_050_64: how old does a face look, and male or female?

usage: age_gender.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--epochs N] [--smoke]

Wants the sets utkface (ages in years) and fairface (bands of ages, races, genders) of data.py. In: image [1 64 64 3]
RGB, (x - 128) / 128, a face with the margin that UTKFace has. Out: age [1 21], softmax over CENTRES, of which the mean
weighted by it is the age (DEX, Rothe et al. 2015); gender [1 2], softmax over male, female.

Left out: one face in ten of both sets by the hash of its name, with all faces that look like it; persons have no names
there. The epoch is chosen by half of FairFace's, the figures are of the other half and of UTKFace's.
"""
import csv

import cv2
import keras
import numpy as np
from keras import layers

import faces
import mobilefacenet
import recipe
import tflite
import trainer
from trainer import torch

NAME = "age_gender_mobilefacenet_050_64"
SIZE = 64
STEP = 5  # years between centres
CENTRES = np.arange(0, 101, STEP, dtype=np.float32)
GENDERS = ["male", "female"]
RACES = ["white", "black", "Asian", "Indian", "others"]  # as UTKFace numbers them
# FairFace's bands as first and last year, in the order of its labels.
BANDS = {"0-2": (0, 2), "3-9": (3, 9), "10-19": (10, 19), "20-29": (20, 29), "30-39": (30, 39), "40-49": (40, 49),
         "50-59": (50, 59), "60-69": (60, 69), "70+": (70, 100)}
# The part of FairFace's pictures, at their middle, that is framed as UTKFace's are: by faces.margin of both.
MIDDLE = 0.95
# A child's gender is hard to see, so that FairFace's labels of it are noisy: their weight.
GROWN, NOISY = 10, 0.3
DIFFERING = 20  # bits of 143 in which hashes of near-duplicates may differ
UTK = 0.3  # share of UTKFace in a batch
BATCH, STEPS = 96, 450  # STEPS make an epoch
ENTRY = {
    "title": "MobileFaceNet x0.5, age and gender, 64", "task": "head", "use": "research",
    # The margin with which the crop of an Ultra-Light RFB box is as large as UTKFace's.
    "head": {"margin": -0.055, "answers": [
        {"name": "age", "kind": "expectation", "output": "age", "gain": STEP},
        {"name": "gender", "kind": "softmax", "output": "gender", "labels": GENDERS}]},
}


def network():
    """Half as wide as the paper's, with strides for 64x64."""
    picture = keras.Input((SIZE, SIZE, 3))
    x = mobilefacenet.features(picture, width=0.5, last=256, strides=(2, 2, 2, 1, 2, 1))
    x = layers.Dropout(0.2)(x)
    return keras.Model(picture, [layers.Dense(len(CENTRES), activation="softmax", name="age")(x),
                                 layers.Dense(2, activation="softmax", name="gender")(x)])


# People is an array of rows [first year, last year, gender, index of the race] beside an array of pictures.

def people(names):
    """Of UTKFace, whose files are named age_gender_race_date; -1 for a race that is not given."""
    rows = []
    for name in names:
        parts = name.split("/")[-1].split("_")
        given = len(parts) == 4 and parts[2].isdigit() and int(parts[2]) < len(RACES)
        rows.append((int(parts[0]), int(parts[0]), int(parts[1]), int(parts[2]) if given else -1))
    return np.array(rows)


def utkface(folder, a):
    names = [row["name"] for row in csv.DictReader(open(folder + "/names.csv"))]
    some = recipe.few(np.arange(len(names)), a, 300)
    return resized(np.load(folder + "/faces.npy", mmap_mode="r"), some, 1.0), people([names[i] for i in some]), [names[i] for i in some]


def fairface(folder, a):
    """Pictures, people, names and the names of the races."""
    rows = list(csv.DictReader(open(folder + "/labels.csv")))
    races = sorted({row["race"] for row in rows})
    some = recipe.few(np.arange(len(rows)), a, 300)
    rows = [rows[i] for i in some]
    labels = np.array([(*BANDS[row["age"]], GENDERS.index(row["gender"].lower()), races.index(row["race"])) for row in rows])
    return resized(np.load(folder + "/faces.npy", mmap_mode="r"), some, MIDDLE), labels, [row["file"] for row in rows], races


def resized(pictures, some, middle):
    """The middle part of some pictures at SIZE."""
    side = pictures.shape[1]
    edge = int(side * (1 - middle) / 2)
    return np.stack([cv2.resize(pictures[i][edge:side - edge, edge:side - edge], (SIZE, SIZE), interpolation=cv2.INTER_AREA) for i in some])


def held(pictures, names):
    """Which pictures are left out, and which are neither left out nor like one that is."""
    out = np.array([recipe.share_of(name) < 0.1 for name in names])
    kept = ~out
    kept[kept] = ~faces.like(pictures[kept], pictures[out], DIFFERING)
    return np.flatnonzero(out), np.flatnonzero(kept)


def wanted(labels, exact):
    """What the loss compares with: for each centre how much of its share counts as right, the first and the last year,
    one where the age is exact, gender and its weight."""
    low, high = np.clip(labels[:, :2], 0, CENTRES[-1]).T
    # Exact ages as shares of the two centres beside them; of bands the centres within, falling off over STEP years beside.
    off = np.maximum(np.maximum(low[:, None] - CENTRES, CENTRES - high[:, None]), 0)
    of = np.maximum(0, 1 - off / STEP)
    weight = np.where((high < GROWN) & (not exact), NOISY, 1.0)
    return np.column_stack([of, low, high, np.full(len(low), exact), labels[:, 2], weight]).astype(np.float32)


def batch(sets, r):
    """Faces of both sets, each as often as its weight says."""
    x, y = [], []
    for pictures, targets, often, count in sets:
        for i in r.choice(len(often), count, p=often):
            x.append(faces.altered(pictures[i], r, shift=0.04, turn=8, zoom=0.1))
            y.append(targets[i])
    return np.stack(x), np.stack(y)


def often(labels):
    """How often each face is drawn: bands of ages come closer to each other, by the root of their number."""
    decade = np.minimum(labels[:, 0] // 10, 7)
    of = np.bincount(decade, minlength=8)[decade] ** -0.5
    return of / of.sum()


def loss(truth, found):
    """Of the age cross-entropy to the shares where it is exact and else minus the log of the shares within the band, and
    how far the mean is off, in centres; of the gender cross-entropy."""
    age, gender = found
    n, centres = len(CENTRES), torch.tensor(CENTRES)
    of, low, high, exact, female, weight = truth[:, :n], *truth[:, n:].T
    logs = torch.log(age + 1e-7)
    years = torch.where(exact > 0, -(of * logs).sum(1), -torch.log((of * age).sum(1) + 1e-7))
    mean = age @ centres
    off = torch.relu(low - mean) + torch.relu(mean - high)
    sexes = -torch.log(gender.gather(1, female.long()[:, None])[:, 0] + 1e-7)
    return (0.5 * (years + off / STEP) + weight * sexes).mean()


def answers(net, pictures):
    """Age in years and index of the gender of each."""
    out = [net(tflite.to_input(p)) for p in pictures]
    # The shares of 8 bit do not quite add up to 1.
    return np.array([o["age"] @ CENTRES / o["age"].sum() for o in out]), np.array([np.argmax(o["gender"]) for o in out])


def band(years):
    """Index of the band of each age."""
    return np.searchsorted([high + 1 for _, high in BANDS.values()][:-1], years, side="right")


class Judged:
    """Left-out faces of both sets, and what a network makes of them."""

    def __init__(self, fair, utk, races):
        self.fair, self.utk, self.races = fair, utk, races

    def rows(self, net):
        """[race, gender, band, bands off, gender right] for FairFace, [race, years off, gender right] for UTKFace."""
        pictures, labels = self.fair
        years, genders = answers(net, pictures)
        true = band(labels[:, 0])
        fair = list(zip([self.races[i] for i in labels[:, 3]], [GENDERS[i] for i in labels[:, 2]], true, abs(band(years) - true), genders == labels[:, 2]))
        pictures, labels = self.utk
        years, genders = answers(net, pictures)
        return fair, list(zip([RACES[i] if i >= 0 else "not given" for i in labels[:, 3]], abs(years - labels[:, 0]), genders == labels[:, 2]))

    def measure(self, net):
        fair, utk = self.rows(net)
        titles = list(BANDS)
        groups = [(name, [row for row in fair if name in (row[0], row[1], titles[row[2]])]) for name in [*self.races, *GENDERS, *titles]]
        table = [[name, len(some), round(right(some), 3), round(near(some), 3), round(gender(some), 3)] for name, some in groups if some]
        return {"FairFace band right": right(fair), "FairFace within one band": near(fair), "FairFace gender": gender(grown(fair)),
                "UTKFace age MAE": np.mean([row[1] for row in utk]), "UTKFace gender": np.mean([row[2] for row in utk]),
                "group, faces, band right, within one, gender": table}

    def left_out(self, net):
        fair, utk = self.rows(net)
        race = lambda row: row[0]
        return {"FairFace band right": recipe.spread(fair, race, right), "FairFace within one band": recipe.spread(fair, race, near),
                "FairFace gender": recipe.spread(grown(fair), race, gender),
                "UTKFace age MAE": recipe.spread(utk, race, lambda some: np.mean([row[1] for row in some])),
                "UTKFace gender": recipe.spread(utk, race, lambda some: np.mean([row[2] for row in some]))}


def right(rows):
    return float(np.mean([row[3] == 0 for row in rows]))


def near(rows):
    return float(np.mean([row[3] <= 1 for row in rows]))


def gender(rows):
    return float(np.mean([row[4] for row in rows]))


def grown(rows):
    """Those of at least GROWN years."""
    return [row for row in rows if list(BANDS.values())[row[2]][0] >= GROWN]


def main():
    a = recipe.start(__doc__, [NAME], epochs=14)
    fair, people_of_fair, names_of_fair, races = fairface(a.data + "/fairface", a)
    utk, people_of_utk, names_of_utk = utkface(a.data + "/utkface", a)
    (out, kept), (utk_out, utk_kept) = held(fair, names_of_fair), held(utk, names_of_utk)
    print("FairFace %d, left out %d; UTKFace %d, left out %d" % (len(kept), len(out), len(utk_kept), len(utk_out)))
    of_utk = int(UTK * BATCH)
    sets = [(fair[kept], wanted(people_of_fair[kept], False), often(people_of_fair[kept]), BATCH - of_utk),
            (utk[utk_kept], wanted(people_of_utk[utk_kept], True), often(people_of_utk[utk_kept]), of_utk)]
    chosen_by = Judged((fair[out[::2]], people_of_fair[out[::2]]), (utk[:1], people_of_utk[:1]), races)
    judged = Judged((fair[out[1::2]], people_of_fair[out[1::2]]), (utk[utk_out], people_of_utk[utk_out]), races)

    def judge(net):
        rows = chosen_by.rows(net)[0]
        return (right(rows) + near(rows)) / 2 + gender(grown(rows))
    model = network()
    batches = recipe.Batches(lambda r: batch(sets, r), STEPS, a)
    trainer.fit(model, batches, a, loss, 4e-3, decay=0.03, norm="batch", judge=judge)
    examples = faces.examples(np.concatenate([fair[kept[::20]], utk[utk_kept[::20]]]), np.random.default_rng(recipe.SEED))
    recipe.write(model, a, ["age", "gender"], examples, judged.measure, ENTRY, left_out=judged.left_out)


if __name__ == "__main__":
    main()
