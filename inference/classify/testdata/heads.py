#!/usr/bin/env python3
"""Makes tiny classifiers of four classes, one for each kind of output, with
weights from a fixed seed: test fixtures without any meaning. Usage: heads.py

Needs tensorflow==2.21.0. Writes head_*.tflite beside itself; record.py then
records what the Python interpreter makes of them.
"""
import os

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
SIDE, CLASSES = 24, 4
rng = np.random.default_rng(6)
EXAMPLES = rng.uniform(-1, 1, (64, 1, SIDE, SIDE, 3)).astype(np.float32)


def network(head):
    x = tf.keras.Input((SIDE, SIDE, 3), batch_size=1)
    y = tf.keras.layers.Conv2D(8, 3, strides=3, activation="relu")(x)
    y = tf.keras.layers.Flatten()(y)
    y = tf.keras.layers.Dense(CLASSES)(y)
    if head == "softmax":
        y = tf.keras.layers.Softmax()(y)
    m = tf.keras.Model(x, y)
    m.set_weights([rng.normal(0, .12, w.shape) for w in m.get_weights()])
    return m


def write(name, model, dtype=None):
    c = tf.lite.TFLiteConverter.from_keras_model(model)
    if dtype:
        c.optimizations = [tf.lite.Optimize.DEFAULT]
        c.representative_dataset = lambda: ([x] for x in EXAMPLES)
        c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        c.inference_input_type = c.inference_output_type = dtype
    with open(f"{HERE}/head_{name}.tflite", "wb") as f:
        f.write(c.convert())


for head in ("logits", "softmax"):
    model = network(head)
    for name, dtype in (("float32", None), ("uint8", tf.uint8), ("int8", tf.int8)):
        write(f"{head}_{name}", model, dtype)
