"""MobileFaceNet, written from the paper (Chen et al., "MobileFaceNets", 2018), with a width and any input size.

In: RGB pictures in [-1, 1]. Out: features, one vector a picture, for the heads of a recipe.

As in the paper: a convolution and a depthwise one, inverted residual blocks with linear bottlenecks, a 1x1 convolution,
and a depthwise convolution over all places that are left (which weighs the middle of a face otherwise than its edge)
in the place of pooling. Unlike it, ReLU6 stands for PReLU: it is fused into the 8-bit kernels, and its range is known.
"""
from keras import layers

# Expansion, output channels at width 1, how many blocks.
STAGES = [(2, 64, 5), (4, 128, 1), (2, 128, 6), (4, 128, 1), (2, 128, 2)]
# Strides of the first convolution and of each stage's first block, for 112x112; small pictures need fewer.
STRIDES = (2, 2, 2, 1, 2, 1)


def eighths(channels):
    """A channel count as kernels like it: the nearest multiple of 8."""
    return max(8, int(channels / 8 + 0.5) * 8)


def convolution(x, channels, size=1, stride=1, active=True):
    x = layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU(6.0)(x) if active else x


def depthwise(x, size=3, stride=1, padding="same", active=True):
    x = layers.DepthwiseConv2D(size, strides=stride, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU(6.0)(x) if active else x


def bottleneck(x, expansion, channels, stride):
    y = convolution(x, eighths(expansion * x.shape[-1]))
    y = depthwise(y, stride=stride)
    y = convolution(y, channels, active=False)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


def features(picture, width=1.0, last=512, strides=STRIDES):
    """The vector of `last` features that the depthwise convolution over all places leaves."""
    x = convolution(picture, eighths(64 * width), 3, strides[0])
    x = depthwise(x)
    for (expansion, channels, blocks), stride in zip(STAGES, strides[1:]):
        for i in range(blocks):
            x = bottleneck(x, expansion, eighths(channels * width), stride if i == 0 else 1)
    x = convolution(x, last)
    x = depthwise(x, tuple(x.shape[1:3]), padding="valid", active=False)
    return layers.Flatten()(x)
