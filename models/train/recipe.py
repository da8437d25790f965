"""What all recipes share: command line, seeds, training that can be broken off, and the files a network ends as.

A recipe's main reads

    a = recipe.start(__doc__, [NAME], epochs=40)
    ...
    trainer.fit(model, recipe.Batches(make, steps, a), a, loss, rate)
    recipe.write(model, a, outputs=["probabilities"], examples=pictures, measure=measure)

Out: in --out the variants NAME_float.tflite, NAME_dynamic.tflite and NAME_int8.tflite and NAME.json, which holds, for
cards.py and catalogue.py, what was measured; in --work weights and checkpoints. All variants of networks that have a
pruned one go to --out; of the others only the 8-bit one, so that the app stays small, and the rest to --work.
"""
import argparse
import hashlib
import json
import os
import time

import keras
import numpy as np
import tensorflow as tf

import tflite

SEED = 1
VARIANTS = ["float", "dynamic", "int8"]
# How far figures of two trainings by one recipe may lie apart: years, counts, shares.
BAND, BANDS = 0.05, {"age MAE": 0.5, "no vehicles wrong boxes": 8}


def start(doc, names, epochs, **more):
    """Reads the command line, sets seeds and threads, makes the folders.

    names are the networks of the recipe, of which a.model is one; epochs is a number for all or one by name; more adds
    options, as name=(default, help).
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="build/data", help="folder of prepared data, which data.py makes")
    parser.add_argument("--shared", default="../shared", help="folder of published models")
    parser.add_argument("--work", default="build/train", help="folder of checkpoints, weights and prepared data")
    parser.add_argument("--out", default="models/trained", help="folder of the .tflite files and the figures")
    parser.add_argument("--model", default=names[0], choices=names)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--smoke", action="store_true", help="a few steps on a little data")
    for name, (default, text) in more.items():
        parser.add_argument("--" + name, default=default, help=text)
    a = parser.parse_args()
    if a.epochs is None:
        a.epochs = epochs[a.model] if isinstance(epochs, dict) else epochs
    if a.smoke:
        a.epochs = 1
    one_thread()
    keras.utils.set_random_seed(SEED)
    os.makedirs(a.work, exist_ok=True)
    os.makedirs(a.out, exist_ok=True)
    return a


def one_thread():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def few(samples, a, count=12):
    """The samples, or in smoke mode some of them spread over all."""
    return samples[::max(len(samples) // count, 1)][:count] if a.smoke else samples


class Batches:
    """Training batches; make(r) returns one as inputs and targets, by the random generator r.

    r depends on the epoch and the batch only, so a training that was broken off goes on with the very batches it
    would have had.
    """

    def __init__(self, make, steps, a):
        self.make, self.steps = make, min(steps, 3) if a.smoke else steps

    def __len__(self):
        return self.steps

    def at(self, epoch, i):
        return self.make(np.random.default_rng([SEED, epoch, i]))


def share_of(name):
    """A number in 0..1 that depends on the name alone, to choose who is left out."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2 ** 32


def spread(rows, source, figure, draws=200):
    """A figure of all rows, of each source, and the 95 % interval of it when whole rows are drawn anew (bootstrap,
    Efron 1979)."""
    r, by = np.random.default_rng(SEED), {}
    for row in rows:
        by.setdefault(source(row), []).append(row)
    drawn = [figure([rows[i] for i in r.integers(0, len(rows), len(rows))]) for _ in range(draws)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": round(float(figure(rows)), 4), "low": round(float(low), 4), "high": round(float(high), 4), "samples": len(rows),
            "per_source": {name: {"value": round(float(figure(some)), 4), "samples": len(some)} for name, some in sorted(by.items())}}


def write(model, a, outputs, examples, measure, entry, sparse=None, real=False, left_out=None):
    """Writes the variants of the model and what they measure.

    outputs names the model's outputs in order; examples are representative inputs for 8 bit, as the network takes
    them; measure(net) returns the figures of a tflite.Network as a dict of numbers and of tables (lists); entry is
    what the app's catalogue says of all variants, for catalogue.py; sparse is the pruned model, where there is one;
    real makes the 8-bit variant answer in float32; left_out(net) returns, by name, the figures on sources that were left
    out of the training, as spread makes them.
    """
    report = {"parameters": parameters(model), "macs": macs(model), "entry": entry, "variants": {}}
    dense = model
    for variant in VARIANTS + (["sparse"] if sparse else []):
        model = sparse if variant == "sparse" else dense
        folder = a.out if variant == "int8" or sparse or a.smoke else a.work
        path = os.path.join(folder, "%s_%s.tflite" % (a.model, variant))
        tflite.export(model, path, outputs, variant, examples, real)
        net = tflite.Network(path)
        if variant == "float":
            agree(model, net, examples[0])
        content = open(path, "rb").read()
        figures = measure(net)
        found = {"shipped": folder == a.out, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
                 "invoke_ms": round(invoke_ms(net), 2), "tensors": net.contract(),
                 "metrics": {k: round(float(v), 4) for k, v in figures.items() if not isinstance(v, list)},
                 "tables": {k: v for k, v in figures.items() if isinstance(v, list)}}
        if left_out:
            found["left_out"] = left_out(net)
        report["variants"][variant] = found
        print(path, json.dumps(found, indent=1))
    path = os.path.join(a.out, a.model + ".json")
    if os.path.exists(path):
        compare(json.load(open(path)), report)
    with open(path, "w") as f:
        json.dump(report, f, indent=1)
        f.write("\n")


def compare(before, now):
    """Says which figures are farther from those of an earlier training than chance takes them."""
    for variant, v in now["variants"].items():
        for name, value in v["metrics"].items():
            was = before["variants"].get(variant, {}).get("metrics", {}).get(name)
            if was is not None and abs(value - was) > BANDS.get(name, BAND):
                print("%s, %s: %s, it was %s" % (variant, name, value, was))


def agree(model, net, example):
    """Fails when the float file answers otherwise than the model, as it would with outputs named in the wrong order."""
    wanted = model(example[None], training=False)
    wanted = [np.asarray(w)[0] for w in (wanted if isinstance(wanted, (list, tuple)) else [wanted])]
    for w, o in zip(wanted, net.all(example)):
        np.testing.assert_allclose(o, w, rtol=1e-2, atol=1e-3 * max(1, np.abs(w).max()))


def invoke_ms(net):
    """Median milliseconds of 60 runs after 10, one thread, XNNPACK."""
    times = []
    for _ in range(70):
        before = time.perf_counter()
        net.net.invoke()
        times.append(time.perf_counter() - before)
    return 1000 * float(np.median(times[10:]))


def flat(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from flat(layer)
        else:
            yield layer


def parameters(model):
    """Weights of the network as it is shipped: of a batch normalisation one bias a channel is left."""
    return int(sum(layer.output.shape[-1] if isinstance(layer, keras.layers.BatchNormalization) else layer.count_params()
                   for layer in flat(model)))


def macs(model):
    """Multiply-adds of convolutions and dense layers for one picture."""
    total = 0
    for layer in flat(model):
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            total += np.prod(layer.output.shape[1:]) * np.prod(layer.kernel_size)
        elif isinstance(layer, keras.layers.Conv2D):
            total += np.prod(layer.output.shape[1:3]) * np.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            total += np.prod(layer.kernel.shape)
    return int(total)
