"""MobileNet v1 of any width, written from the paper (Howard et al., 2017), and its start from published weights.

The layers are called conv0, dw1, pw1 ... dw13, pw13, each followed by NAME_bn and ReLU6.
"""
import re

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

# Output channels at width 1 and stride of each depthwise-separable block.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
EPSILON = 1e-3
# Published networks (Apache-2.0) by width; the backbone of the SSD, trained to find the objects of COCO, is of width 0.75.
PUBLISHED = {0.25: "mobilenet_v1_0.25_128_quant.tflite", 0.5: "mobilenet_v1_0.5_160_quant.tflite",
             0.75: "ssd_mobilenet_v1_coco_quant.tflite"}
NAMES = ["conv0"] + [kind + str(i) for i in range(1, 14) for kind in ("dw", "pw")]


def normalised(x, name):
    x = layers.BatchNormalization(momentum=0.95, epsilon=EPSILON, name=name + "_bn")(x)
    return layers.ReLU(6.0, name=name + "_relu")(x)


def depthwise(x, name, stride=1):
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=name)(x)
    return normalised(x, name)


def pointwise(x, name, channels):
    x = layers.Conv2D(channels, 1, use_bias=False, name=name)(x)
    return normalised(x, name)


def backbone(picture, alpha=0.25, blocks=13):
    """Returns the features of each of the first stages, conv0 first; alpha is the width."""
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv0")(picture)
    stages = [normalised(x, "conv0")]
    for i, (channels, stride) in enumerate(BLOCKS[:blocks], 1):
        x = depthwise(stages[-1], "dw%d" % i, stride)
        stages.append(pointwise(x, "pw%d" % i, int(channels * alpha)))
    return stages


def published_weights(path):
    """Reads the kernels and the biases, with their batch normalisation folded in, of an 8-bit MobileNet v1 or of the
    MobileNet v1 inside an SSD."""
    net = Interpreter(path)
    net.allocate_tensors()
    kernels, biases = {}, {}
    for d in net.get_tensor_details():
        found = re.search(r"MobilenetV1/Conv2d_(\d+)(_depthwise|_pointwise)?/[^;]*?(weights_quant|Fold_?/?bias)[^;]*$", d["name"])
        if not found:
            continue
        name = {"_depthwise": "dw", "_pointwise": "pw", None: "conv"}[found[2]] + found[1]
        if d["dtype"] == np.int32:
            biases[name] = net.get_tensor(d["index"]) * d["quantization"][0]
        elif found[3] == "weights_quant":
            scale, zero = d["quantization"]
            w = (net.get_tensor(d["index"]).astype(np.float32) - zero) * scale
            # TensorFlow Lite keeps [out, h, w, in] and [1, h, w, channels]; Keras wants [h, w, in, out] and [h, w, channels, 1].
            kernels[name] = np.moveaxis(w, 0, -1)
    assert set(kernels) == set(biases) == set(NAMES), (sorted(kernels), sorted(biases))
    return kernels, biases


def start_from_published(model, path, pictures):
    """Loads the published weights.

    They have no batch normalisation left; it is put back from the statistics of some pictures ([-1, 1]), so that
    training starts at the very function that was published.
    """
    kernels, biases = published_weights(path)
    x = tf.constant(pictures, tf.float32)
    has = {layer.name for layer in model.layers}
    for name in NAMES:
        if name not in has:  # the model ends before the last block
            break
        layer = model.get_layer(name)
        layer.set_weights([kernels[name]])
        x = layer(x)
        mean, variance = (v.numpy() for v in tf.nn.moments(x, [0, 1, 2]))
        gamma = np.sqrt(variance + EPSILON)
        model.get_layer(name + "_bn").set_weights([gamma, mean + biases[name], mean, variance])
        x = tf.nn.relu6(x + biases[name])
