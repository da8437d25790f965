"""Tests trainer.py: PyTorch's graph of a network answers as Keras does, before and after its weights went there and back.

usage: python -m unittest discover models/train
"""
import tempfile
import types
import unittest

import keras
import numpy as np

import lung
import mobilefacenet
import recipe
import trainer
import vehicle
from trainer import torch


def faces():
    picture = keras.Input((48, 48, 3))
    x = mobilefacenet.features(picture, width=0.25, last=64, strides=(2, 2, 1, 1, 2, 1))
    return keras.Model(picture, [keras.layers.Dense(5, activation="softmax", name="a")(x), keras.layers.Dense(2, name="b")(x)])


NETWORKS = {"vehicles": lambda: vehicle.network(vehicle.NETWORKS[vehicle.NAME + "025_224"]), "lungs": lung.network, "faces": faces}


def as_trained(model, r):
    """Gives every batch normalisation statistics and gains of its own."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (w.shape for w in layer.get_weights())
            layer.set_weights([r.uniform(0.5, 1.5, gamma), r.normal(0, 0.1, beta), r.normal(0, 0.1, mean), r.uniform(0.5, 1.5, variance)])
    return model


def answers(model, x):
    out = model(x, training=False)
    return [np.asarray(o) for o in (out if isinstance(out, (list, tuple)) else [out])]


class TestGraph(unittest.TestCase):
    def test_answers_as_keras(self):
        for name, network in NETWORKS.items():
            for norm in ("batch", "weight"):
                with self.subTest(network=name, norm=norm):
                    r = np.random.default_rng(1)
                    model = as_trained(network(), r)
                    x = r.uniform(-1, 1, (2, *model.input_shape[1:])).astype(np.float32)
                    wanted = answers(model, x)
                    graph = trainer.Graph(model, norm).eval()
                    with torch.no_grad():
                        found = graph(torch.from_numpy(x))
                    for w, f in zip(wanted, found if isinstance(found, list) else [found]):
                        np.testing.assert_allclose(f.numpy(), w, atol=1e-5)
                    graph.back()
                    for w, again in zip(wanted, answers(model, x)):
                        np.testing.assert_allclose(again, w, atol=1e-5)


class TestFit(unittest.TestCase):
    """A small network that learns the mean of a picture."""

    def settings(self, folder, epochs):
        return types.SimpleNamespace(work=folder, model="small", epochs=epochs, smoke=False)

    def network(self):
        keras.utils.set_random_seed(1)
        picture = keras.Input((16, 16, 3))
        x = keras.layers.Conv2D(8, 1, use_bias=False)(picture)
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
        return keras.Model(picture, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x)))

    def batch(self, r):
        x = np.repeat(r.uniform(-1, 1, (16, 1, 1, 1)), 16, 1) * np.ones((1, 1, 16, 3))
        return x.astype(np.float32), x.mean((1, 2, 3), dtype=np.float32)[:, None]

    def fitted(self, folder, epochs, stop=None, **options):
        a = self.settings(folder, epochs)
        model, batches = self.network(), recipe.Batches(self.batch, 20, a)

        def loss(y, found):
            return (y - found).square().mean()
        if stop:  # broken off within the epoch after this one
            made, batches.make = batches.make, self.batch
            left = [stop * len(batches) + 5]

            def until(r):
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
                return made(r)
            batches.make = until
        trainer.fit(model, batches, a, loss, 1e-2, workers=0, **options)
        return model

    def test_learns_and_is_read_back(self):
        with tempfile.TemporaryDirectory() as folder:
            model = self.fitted(folder, 6)
            x, y = self.batch(np.random.default_rng(9))
            self.assertLess(float(np.square(answers(model, x)[0] - y).mean()), 0.05)
            again = self.fitted(folder, 6)
            np.testing.assert_allclose(answers(again, x)[0], answers(model, x)[0], atol=1e-6)

    def test_goes_on_where_it_was_broken_off(self):
        x, _ = self.batch(np.random.default_rng(9))
        with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
            wanted = answers(self.fitted(whole, 4), x)[0]
            with self.assertRaises(KeyboardInterrupt):
                self.fitted(broken, 4, stop=2)
            np.testing.assert_allclose(answers(self.fitted(broken, 4), x)[0], wanted, atol=1e-3)

    def test_keeps_the_best_epoch(self):
        with tempfile.TemporaryDirectory() as folder:
            figures = iter([0.2, 0.9, 0.1])
            self.fitted(folder, 3, judge=lambda net: next(figures), every=1)
            with open(folder + "/small.curve.csv") as f:
                rows = f.read().split()
        self.assertEqual([r.split(",")[2] for r in rows[2:]], ["0.2", "0.9", "0.1"])

    def test_prunes(self):
        with tempfile.TemporaryDirectory() as folder:
            model = self.fitted(folder, 6, pruned=0.75)
        kernel = model.layers[1].kernel.numpy()
        self.assertGreaterEqual((kernel == 0).mean(), 0.7)


if __name__ == "__main__":
    unittest.main()
