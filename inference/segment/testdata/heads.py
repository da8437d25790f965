#!/usr/bin/env python3
"""Makes tiny segmentation networks, one for each kind of head, with weights
from a fixed seed: test fixtures without any meaning. Usage: heads.py

Needs tensorflow==2.21.0. Writes head_*.tflite beside itself; record.py then
records what the Python interpreter makes of them.
"""
import os

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
HEIGHT, WIDTH = 48, 64
rng = np.random.default_rng(4)
EXAMPLES = rng.uniform(-1, 1, (64, 1, HEIGHT, WIDTH, 3)).astype(np.float32)


def network(head, channels):
    x = tf.keras.Input((HEIGHT, WIDTH, 3), batch_size=1)
    y = tf.keras.layers.Conv2D(channels, 4, strides=2, padding="same")(x)
    if head in ("int32", "int64"):
        y = tf.keras.layers.Lambda(lambda v: tf.argmax(v, -1, output_type=getattr(tf, head)))(y)
    else:
        y = tf.keras.layers.Activation(head)(y)
    m = tf.keras.Model(x, y)
    kernel, bias = (w.shape for w in m.get_weights())
    m.set_weights([rng.normal(0, .5, kernel), rng.normal(0, .1, bias)])
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


for head, channels in (("softmax", 5), ("softmax", 2), ("sigmoid", 1)):
    model = network(head, channels)
    for name, dtype in (("float32", None), ("uint8", tf.uint8), ("int8", tf.int8)):
        write(f"{head}{channels}_{name}", model, dtype)
for head in ("int32", "int64"):
    write(f"map_{head}", network(head, 5))
