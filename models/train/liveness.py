"""Trains and measures liveness_mobilenet_025_128: is a face there itself, or printed or shown on a screen?

usage: liveness.py [--data build/data] [--shared ../shared] [--work build/train] [--out models/trained] [--epochs 20] [--smoke]

Wants of data.py the set spoof (crops of live faces, prints and screens in groups: a person each of NUAA, of other sources
one to six; crops out of NUAA's whole pictures), the sets utkface, fairface and lfw (live faces; printed or shown by
simulation they stand for attacks), and in the shared folder data/spoof (one more person and screen, the crops before
number 60), models/mobilenet_v1_0.25_128_quant.tflite (Apache-2.0, the start) and models/ultralight_face_rfb_320.tflite
(crops NUAA's whole pictures).

In: image [1 128 128 3] RGB, (x - 128) / 128. Out: liveness [1 2], probability of live and of spoof. It is trained to tell
live, print and screen by logits; the shipped network adds up the two attacks, and the logit of live is shifted so that
0.5 is the threshold at which APCER is 0.05 on left-out groups (APCER, BPCER: shares of attacks taken for live and of live
faces taken for attacks, ISO/IEC 30107-3; HTER is their mean).

Left out are the groups LEFT_OUT. The other groups are left out in turn by FOLDS - 1 short trainings, whose figures tell
how far groups lie apart. Within a group live and attack differ in light and colour, which tells nothing elsewhere:
pictures take their colour statistics from the other class of their group, and every alteration is drawn alike for all.
There is no second network with the surroundings of a face: only NUAA's pictures show them, of one kind of attack.
"""
import csv
import glob
import os

import cv2
import numpy as np
from keras import Input, Model, layers

import faces
import mobilenet
import photo
import recipe
import tflite
import trainer
from trainer import F, torch

NAME = "liveness_mobilenet_025_128"
LIVE, PRINT, SCREEN = range(3)
SIZE, ROOM = 128, 192  # sides of the input and of the patterns that simulation cuts from
BATCH, STEPS = 64, 100  # STEPS make an epoch
SIMULATED = 16  # of a batch, pictures of the live-only sets
LEFT_OUT = ["balveer", "nuaa0005", "nuaa0012", "nurcan", "tamletan", "vishal"]
ONE_PERSON = ["apfol", "diogo", "dsourav", "shivam"]  # the same person is in all of them
FOLDS, FOLD_EPOCHS, PRUNED_EPOCHS = 5, 4, 4
OLD_TRAINED = 60  # crops of data/spoof from this number on are the app's to measure
APCER = 0.05  # at the threshold
# Part of a picture's side that a crop has: the replays' crops are as tight as the app's, the others wider.
TIGHT, WIDE = (0.8, 1.2), (0.6, 1.05)
AS_APP = 0.7  # part of a wide picture that the app's crop would show
ENTRY = {
    "title": "MobileNet v1 x0.25, liveness, 128", "source": mobilenet.SOURCE, "task": "head", "use": "research",
    # The margin with which the crop of an Ultra-Light RFB box is as tight as the replays' crops.
    "head": {"margin": -0.083, "answers": [{"name": "liveness", "kind": "softmax", "output": "liveness", "labels": ["live", "spoof"], "sure": [0.5, 0.5], "smooth": 12}]},
}

# A sample is (group, class, RGB picture of SIZE x SIZE, whether it is wide).


def network():
    picture = Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(mobilenet.backbone(picture, around=True)[-1])
    x = layers.Dropout(0.3)(x)
    return Model(picture, layers.Dense(3, name="kinds")(x))


def shipped(model, threshold):
    """The network with probabilities of live and spoof; the threshold on the probability of an attack becomes 0.5."""
    kernel, bias = model.get_layer("kinds").get_weights()
    bias = bias + np.array([np.log(threshold / (1 - threshold)), 0, 0], np.float32)
    x = layers.Dense(3, activation="softmax", name="chances")
    both = layers.Dense(2, use_bias=False, name="liveness")
    out = Model(model.input, both(x(model.get_layer("kinds").input)))
    x.set_weights([kernel, bias])
    both.set_weights([np.array([[1, 0], [0, 1], [0, 1]], np.float32)])
    return out


def square(path):
    """The middle square of a picture at SIZE."""
    p = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    side = min(p.shape[:2])
    y, x = (p.shape[0] - side) // 2, (p.shape[1] - side) // 2
    return cv2.resize(p[y:y + side, x:x + side], (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def filmed(a):
    """Samples that a camera really took."""
    out, folder = [], a.data + "/spoof"
    with open(folder + "/labels.csv") as f:
        for row in recipe.few(list(csv.DictReader(f)), a, 160):
            label = {"": LIVE, "print": PRINT, "screen": SCREEN}[row["attack"]]
            group = "one person" if row["group"] in ONE_PERSON else row["group"]
            out.append((group, label, square("%s/%s" % (folder, row["file"])), group.startswith("nuaa")))
    for kind, label in (("real", LIVE), ("fake", SCREEN)):
        for path in recipe.few(sorted(glob.glob("%s/data/spoof/%s/*.jpg" % (a.shared, kind))), a):
            if int(os.path.basename(path)[:-4]) < OLD_TRAINED:
                out.append(("glasses", label, square(path), False))
    return out


def whole_nuaa(a):
    """Samples cropped out of NUAA's whole pictures, as wide as its crops, only to train on; kept in the folder of work."""
    kept = "%s/nuaa%s.npz" % (a.work, "_smoke" if a.smoke else "")
    if not os.path.exists(kept):
        find, rows = faces.box_detector(a.shared), []
        with open(a.data + "/spoof/nuaa_raw.csv") as f:
            listed = recipe.few(list(csv.DictReader(f)), a)
        for row in listed:
            p = cv2.cvtColor(cv2.imread("%s/spoof/nuaa_raw/%s" % (a.data, row["file"])), cv2.COLOR_BGR2RGB)
            scores, boxes, _ = find(cv2.resize(p, (320, 240), interpolation=cv2.INTER_AREA))
            best = int(scores.argmax())
            if scores[best] > 0.7:
                box = boxes[best].reshape(2, 2) * np.array([p.shape[1] / 320, p.shape[0] / 240])
                half = 0.6 * max(box[1] - box[0])
                m = np.column_stack([np.eye(2), half - box.mean(0)]) * SIZE / (2 * half)
                crop = cv2.warpAffine(p, m, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
                rows.append((row["person"], LIVE if row["class"] == "live" else PRINT, crop))
        groups, labels, pictures = zip(*rows)
        np.savez(kept, groups=groups, labels=labels, pictures=pictures)
    k = np.load(kept)
    return [(str(g), int(label), p, True) for g, label, p in zip(k["groups"], k["labels"], k["pictures"])]


def live_only(a):
    """Pictures of the sets of live faces, at SIZE."""
    out = []
    for name in ("utkface", "fairface", "lfw"):
        pictures = np.load("%s/%s/faces.npy" % (a.data, name), mmap_mode="r")
        out += [cv2.resize(p, (SIZE, SIZE)) for p in recipe.few(pictures, a)[::max(len(pictures) // 4000, 1)]]
    return out


def patterns():
    """Moires and lines of screens, -1..1, and smooth fields of light about 0, to cut pieces from."""
    r = np.random.default_rng(recipe.SEED)
    y, x = np.mgrid[:ROOM, :ROOM].astype(np.float32)
    waves, lights = [], []
    for i in range(64):
        turn, pitch, out = r.choice([0, np.pi / 2]) if i % 3 == 0 else r.uniform(0, np.pi), r.uniform(2, 6), np.float32(1)
        for _ in range(1 + (i % 3 > 0)):
            angle = turn + (r.uniform(-0.15, 0.15) if i % 3 else 0)
            out = out * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / (pitch * r.uniform(0.9, 1.1)))
        waves.append(np.repeat(out[..., None], 3, 2).astype(np.float32))
        field = cv2.resize(r.normal(0, 1, (5, 5)).astype(np.float32), (ROOM, ROOM), interpolation=cv2.INTER_CUBIC)
        lights.append(np.repeat(field[..., None], 3, 2))
    return waves, lights


WAVES, LIGHTS = patterns()


def piece(of, r):
    y, x = r.integers(0, ROOM - SIZE, 2)
    return of[r.integers(len(of))][y:y + SIZE, x:x + SIZE]


def on_screen(p, r):
    """The picture, bytes, as a camera sees it on a screen: bluish, washed out, with moire and a reflection."""
    p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.3)).astype(np.float32)
    p *= np.array([r.uniform(0.8, 1), r.uniform(0.9, 1), 1.05], np.float32) * r.uniform(0.7, 1)
    p *= 1 + r.uniform(0, 0.1) * piece(WAVES, r)
    if r.random() < 0.5:
        p += r.uniform(10, 60) * piece(LIGHTS, r).clip(0)
    return np.clip(p + r.uniform(0, 40), 0, 255).astype(np.uint8)


def on_paper(p, r):
    """The picture, bytes, as a camera sees it printed: few colours, little contrast, dots, grain and bent light."""
    grey = cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    share = r.uniform(0.3, 0.95)
    p = cv2.addWeighted(p, share, grey, 1 - share, 0).astype(np.float32) * r.uniform(0.5, 0.85) + r.uniform(15, 60)
    p += grain(r.uniform(2, 14))
    p *= 1 + r.uniform(0, 0.06) * piece(WAVES, r)
    p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.5, 1.5))
    p *= np.array([1.05, 1, r.uniform(0.8, 1)], np.float32) * (1 + 0.1 * piece(LIGHTS, r))
    return np.clip(p, 0, 255).astype(np.uint8)


def grain(strength):
    noise = np.empty((SIZE, SIZE, 1), np.float32)
    return cv2.randn(noise, 0, strength)


def recast(p, other, r):
    """The picture with the mean and spread of its channels moved towards those of another."""
    (mean, spread), (mean2, spread2) = cv2.meanStdDev(p), cv2.meanStdDev(other)
    share = r.uniform(0.5, 1)
    gain = 1 - share + share * spread2 / np.maximum(spread, 4)
    table = (np.arange(256) - mean) * gain + mean + share * (mean2 - mean)
    return cv2.LUT(p, np.clip(table, 0, 255).astype(np.uint8).T[None])


def moved(p, wide, r):
    """A crop of a picture, mirrored, turned and of another width now and then."""
    part = r.uniform(*(WIDE if wide else TIGHT))
    m = cv2.getRotationMatrix2D((SIZE / 2 - 0.5, SIZE / 2 - 0.5), r.normal(0, 6), 1 / part)
    m[:, 2] += r.normal(0, 0.05 * SIZE, 2)
    m[0] *= np.exp(r.normal(0, 0.05))
    if r.random() < 0.5:
        m[0] = [0, 0, SIZE - 1] - m[0]
    return cv2.warpAffine(p, m, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE if r.random() < 0.5 else cv2.BORDER_REFLECT_101)


def recoloured(p, r):
    """Another exposure, gamma, white balance, sharpness, size and compression, or grey."""
    if r.random() < 0.5:
        side = int(r.uniform(48, 112))
        p = cv2.resize(cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    kind = r.random()
    if kind < 0.4:
        soft = cv2.GaussianBlur(p, (0, 0), r.uniform(0.4, 1.6))
        p = soft if kind < 0.25 else cv2.addWeighted(p, 1 + (more := r.uniform(0.3, 1.5)), soft, -more, 0)
    steps = (np.arange(256, dtype=np.float32)[:, None] / 255) ** np.exp(r.normal(0, 0.25))
    steps = ((steps - 0.5) * np.exp(r.normal(0, 0.2)) + 0.5 + r.normal(0, 0.08)) * np.exp(r.normal(0, 0.1, 3))
    p = cv2.LUT(p, np.clip(255 * steps, 0, 255).astype(np.uint8)[None])
    if r.random() < 0.2:
        p = cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if r.random() < 0.3:
        p = np.clip(p + grain(r.uniform(1, 8)), 0, 255).astype(np.uint8)
    if r.random() < 0.5:
        p = photo.compressed(p, int(r.uniform(35, 95)))
    return p


def by_group(samples):
    """Samples by group and class."""
    groups = {}
    for group, label, p, wide in samples:
        groups.setdefault(group, {}).setdefault(label, []).append((p, wide))
    return list(groups.values())


def really(groups, r):
    """A sample of a random class of a random group, with colours of the other class's; now and then with a part of
    another of its class and group."""
    of = groups[r.integers(len(groups))]
    kinds = sorted(of)
    label = kinds[r.integers(len(kinds))]
    p, wide = of[label][r.integers(len(of[label]))]
    others = of[kinds[(kinds.index(label) + 1) % len(kinds)]]
    if r.random() < 0.6:
        p = recast(p, others[r.integers(len(others))][0], r)
    p = moved(p, wide, r)
    if r.random() < 0.2:
        q, wide = of[label][r.integers(len(of[label]))]
        q, (y, x), (h, w) = moved(q, wide, r), r.integers(0, SIZE // 2, 2), r.integers(SIZE // 4, SIZE // 2, 2)
        p[y:y + h, x:x + w] = q[y:y + h, x:x + w]
    return p, label


def simulated(people, groups, r):
    """A picture of a live-only set as it is, printed or on a screen, with colours of any filmed picture."""
    label = int(r.integers(3))
    p = moved(people[r.integers(len(people))], True, r)
    if label != LIVE:
        p = (on_paper if label == PRINT else on_screen)(p, r)
    if r.random() < 0.5:
        of = groups[r.integers(len(groups))]
        some = of[sorted(of)[r.integers(len(of))]]
        p = recast(p, some[r.integers(len(some))][0], r)
    return p, label


def batch(groups, people, r):
    cv2.setRNGSeed(int(r.integers(2 ** 31)))
    both = [simulated(people, groups, r) if i < SIMULATED else really(groups, r) for i in range(BATCH)]
    return np.stack([recoloured(p, r) for p, _ in both]), np.array([label for _, label in both])


def loss(truth, found):
    """Cross-entropy of the three kinds, and of live against the two attacks together."""
    kinds = F.cross_entropy(found, truth.long(), label_smoothing=0.1)
    attack = torch.logsumexp(found[:, 1:], 1) - found[:, 0]
    return kinds + F.binary_cross_entropy_with_logits(attack, 0.05 + 0.9 * (truth > 0).float())


def as_app(p, wide):
    """The part of a picture that the app's crop would show."""
    if not wide:
        return p
    edge = int(SIZE * (1 - AS_APP) / 2)
    return cv2.resize(p[edge:-edge, edge:-edge], (SIZE, SIZE))


def rated(attack, samples):
    """Rows of group, whether it is an attack, and the probability attack(network's input) gives that."""
    return [(group, label > 0, float(attack(tflite.to_input(as_app(p, wide))))) for group, label, p, wide in samples]


def by_logits(net):
    """Probability of an attack by a network in training."""
    def attack(picture):
        out = net(picture)
        return 1 / (1 + np.exp(out[LIVE] - np.logaddexp(out[PRINT], out[SCREEN])))
    return attack


def wrong(rows, at=0.5):
    """APCER and BPCER at a threshold; NaN without attacks or without live faces."""
    shares = []
    for kind in (True, False):
        scores = np.array([score for _, attack, score in rows if attack == kind])
        shares.append(((scores >= at) != kind).mean() if len(scores) else np.nan)
    return shares


def hter(rows, at=0.5):
    return float(np.nanmean(wrong(rows, at)))


def threshold(rows):
    """The probability of an attack that a share of APCER of the attacks stays below."""
    return float(np.clip(np.quantile([score for _, attack, score in rows if attack], APCER), 1e-3, 1 - 1e-3))


def spreads(rows, title=""):
    of = lambda kind: [row for row in rows if row[1] == kind]
    figure = lambda which: lambda some: wrong(some)[which]
    source = lambda row: row[0]
    return {"HTER" + title: recipe.spread(rows, source, hter), "APCER" + title: recipe.spread(of(True), source, figure(0)),
            "BPCER" + title: recipe.spread(of(False), source, figure(1))}


def split(samples):
    """Samples of each fold, those of LEFT_OUT first."""
    others = sorted({s[0] for s in samples} - set(LEFT_OUT))
    parts = [LEFT_OUT] + [others[k::FOLDS - 1] for k in range(FOLDS - 1)]
    return [[s for s in samples if s[0] in part] for part in parts]


def main():
    a = recipe.start(__doc__, [NAME], epochs=16)
    samples, more, people = filmed(a), whole_nuaa(a), live_only(a)
    folds = split(samples)
    start = np.stack([tflite.to_input(p) for _, _, p, _ in samples[::max(len(samples) // 60, 1)]])

    def trained(left_out, name, epochs, **options):
        """A network that has not seen the samples left out, by the epoch with the smallest HTER at its own threshold."""
        groups = by_group([s for s in samples + more if s[0] not in {s[0] for s in left_out}])
        judged = left_out[::max(len(left_out) // 500, 1)]

        def judge(net):
            rows = rated(by_logits(net), judged)
            return 1 - min(hter(rows, at) for at in np.quantile([score for _, _, score in rows], np.linspace(0.02, 0.98, 49)))
        model = options.pop("model", None) or network()
        if not options:
            mobilenet.start_from_published(model, "%s/models/%s" % (a.shared, mobilenet.PUBLISHED[0.25]), start)
        trainer.fit(model, recipe.Batches(lambda r: batch(groups, people, r), STEPS, a), a, loss, 1e-3, epochs, decay=1e-2, judge=judge, every=4, name=name, **options)
        return model, rated(by_logits(trainer.net(trainer.Graph(model))), left_out)
    model, rows = trained(folds[0], NAME, a.epochs)
    least = threshold(rows)
    in_turn = list(rows)
    for k in range(1, 2 if a.smoke else FOLDS):
        in_turn += trained(folds[k], "%s_fold%d" % (NAME, k), FOLD_EPOCHS)[1]
    at = threshold(in_turn)
    in_turn = [(group, attack, score + 0.5 - at) for group, attack, score in in_turn]
    pruned = network()
    pruned.set_weights(model.get_weights())
    pruned, rows = trained(folds[0], NAME + "_sparse", PRUNED_EPOCHS, model=pruned, pruned=0.8)
    print("thresholds: %.3f, pruned %.3f, in turn %.3f; HTER %.3f" % (least, threshold(rows), at, hter(in_turn)))

    def measure(net):
        apcer, bpcer = wrong(rated(lambda p: net(p)[1], folds[0]))
        return {"HTER": (apcer + bpcer) / 2, "APCER": apcer, "BPCER": bpcer}

    def left_out(net):
        return {**spreads(rated(lambda p: net(p)[1], folds[0])), **spreads(in_turn, ", groups in turn")}
    r = np.random.default_rng(recipe.SEED)
    groups = by_group(samples)
    examples = tflite.to_input(np.concatenate([batch(groups, people, r)[0] for _ in range(1 if a.smoke else 6)]))
    recipe.write(shipped(model, least), a, ["liveness"], examples, measure, ENTRY, shipped(pruned, threshold(rows)), left_out=left_out)


if __name__ == "__main__":
    main()
