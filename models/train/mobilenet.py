"""MobileNet v1, width 0.25, written from the paper (Howard et al., 2017), and its start from published weights.

The layers are called conv0, dw1, pw1 ... dw13, pw13, each followed by NAME_bn and ReLU6.
"""
import re

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

ALPHA = 0.25
# Output channels at width 1 and stride of each depthwise-separable block.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
EPSILON = 1e-3


def normalised(x, name):
    x = layers.BatchNormalization(momentum=0.95, epsilon=EPSILON, name=name + "_bn")(x)
    return layers.ReLU(6.0, name=name + "_relu")(x)


def depthwise(x, name, stride=1):
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=name)(x)
    return normalised(x, name)


def pointwise(x, name, channels):
    x = layers.Conv2D(channels, 1, use_bias=False, name=name)(x)
    return normalised(x, name)


def backbone(picture):
    """Returns the features of each of the 14 stages, conv0 first."""
    x = layers.Conv2D(int(32 * ALPHA), 3, strides=2, padding="same", use_bias=False, name="conv0")(picture)
    stages = [normalised(x, "conv0")]
    for i, (channels, stride) in enumerate(BLOCKS, 1):
        x = depthwise(stages[-1], "dw%d" % i, stride)
        stages.append(pointwise(x, "pw%d" % i, int(channels * ALPHA)))
    return stages


def published_weights(path):
    """Reads kernels and biases, with their batch normalisation folded in, of mobilenet_v1_0.25_128_quant.tflite."""
    net = Interpreter(path)
    net.allocate_tensors()
    kernels, biases = {}, {}
    for d in net.get_tensor_details():
        found = re.search(r"Conv2d_(\d+)_?(depthwise|pointwise)?/(weights_quant|BatchNorm_Fold/bias)", d["name"])
        if not found:
            continue
        name = {"depthwise": "dw", "pointwise": "pw", None: "conv"}[found[2]] + found[1]
        if d["dtype"] == np.int32:
            biases[name] = net.get_tensor(d["index"]) * d["quantization"][0]
        elif found[3] == "weights_quant":
            scale, zero = d["quantization"]
            w = (net.get_tensor(d["index"]).astype(np.float32) - zero) * scale
            # TensorFlow Lite keeps [out, h, w, in] and [1, h, w, channels]; Keras wants [h, w, in, out] and [h, w, channels, 1].
            kernels[name] = np.moveaxis(w, 0, -1)
    assert len(kernels) == len(biases) == 27, (len(kernels), len(biases))
    return kernels, biases


def start_from_published(model, path, pictures):
    """Loads the published weights.

    They have no batch normalisation left; it is put back from the statistics of some pictures ([-1, 1]), so that
    training starts at the very function that was published.
    """
    kernels, biases = published_weights(path)
    x = tf.constant(pictures, tf.float32)
    has = {layer.name for layer in model.layers}
    for name in ["conv0"] + [kind + str(i) for i in range(1, 14) for kind in ("dw", "pw")]:
        if name not in has:  # the model ends before the last block
            break
        layer = model.get_layer(name)
        layer.set_weights([kernels[name]])
        x = layer(x)
        mean, variance = (v.numpy() for v in tf.nn.moments(x, [0, 1, 2]))
        gamma = np.sqrt(variance + EPSILON)
        model.get_layer(name + "_bn").set_weights([gamma, mean + biases[name], mean, variance])
        x = tf.nn.relu6(x + biases[name])


def one_thread():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def schedule(peak, steps):
    """Warm-up over a twentieth of the steps, then half a cosine down to a hundredth."""
    warm = max(steps // 20, 1)
    return keras.optimizers.schedules.CosineDecay(peak / 20, steps - warm, alpha=0.2, warmup_target=peak, warmup_steps=warm)
