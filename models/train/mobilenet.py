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
SOURCE = "This project, from MobileNet v1 by Google"
NAMES = ["conv0"] + [kind + str(i) for i in range(1, 14) for kind in ("dw", "pw")]


def normalised(x, name):
    x = layers.BatchNormalization(momentum=0.95, epsilon=EPSILON, name=name + "_bn")(x)
    return layers.ReLU(6.0, name=name + "_relu")(x)


def depthwise(x, name, stride=1, around=False):
    """around pads a strided convolution alike on all sides, as XNNPACK's sparse kernels want it."""
    if around and stride == 2:
        x = layers.ZeroPadding2D(1, name=name + "_pad")(x)
    padding = "valid" if around and stride == 2 else "same"
    x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False, name=name)(x)
    return normalised(x, name)


def pointwise(x, name, channels):
    x = layers.Conv2D(channels, 1, use_bias=False, name=name)(x)
    return normalised(x, name)


def backbone(picture, alpha=0.25, blocks=13, around=False):
    """Returns the features of each of the first stages, conv0 first; alpha is the width, around as in depthwise."""
    x = layers.ZeroPadding2D(1, name="conv0_pad")(picture) if around else picture
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="valid" if around else "same", use_bias=False, name="conv0")(x)
    stages = [normalised(x, "conv0")]
    for i, (channels, stride) in enumerate(BLOCKS[:blocks], 1):
        x = depthwise(stages[-1], "dw%d" % i, stride, around)
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
        if name + "_pad" in has:
            x = model.get_layer(name + "_pad")(x)
        x = layer(x)
        mean, variance = (v.numpy() for v in tf.nn.moments(x, [0, 1, 2]))
        gamma = np.sqrt(variance + EPSILON)
        model.get_layer(name + "_bn").set_weights([gamma, mean + biases[name], mean, variance])
        x = tf.nn.relu6(x + biases[name])


def start_from_narrower(model, narrow, r):
    """Gives the model, a wider one of the same layers, the function of a narrow one (Net2Net, Chen et al. 2016).

    Every layer's channels above those of the narrow one are copies of some of them, chosen by r; what reads n copies of
    a channel takes an nth of each. A little noise lets the copies part in training.
    """
    sources = {}  # of each tensor, the narrow one's channel behind each channel
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            sources[layer.output.name] = np.arange(layer.output.shape[-1])
            continue
        taken = layer.input if isinstance(layer.input, list) else [layer.input]
        source = sources[taken[0].name]
        weights = narrow.get_layer(layer.name).get_weights() if layer.weights else []
        if isinstance(layer, layers.DepthwiseConv2D):
            layer.set_weights([weights[0][:, :, source]])
        elif isinstance(layer, layers.Conv2D):
            have, want = weights[0].shape[-1], layer.output.shape[-1]
            target = np.concatenate([np.arange(have), r.integers(0, have, want - have)])
            # Tensors that are added must be widened alike.
            target = sources.setdefault(("wide", want, have), target)
            share = 1 / np.bincount(source)[source]
            kernel = weights[0][:, :, source][..., target] * share[None, None, :, None]
            kernel *= 1 + r.normal(0, 0.02, kernel.shape)
            layer.set_weights([kernel] + [w[target] for w in weights[1:]])
            source = target
        elif weights:  # batch normalisation
            layer.set_weights([w[source] for w in weights])
        sources[layer.output.name] = source
