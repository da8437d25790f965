"""Writes trained networks as .tflite files with named tensors, and runs those files to measure them."""
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.tools import flatbuffer_utils
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def export(model, path, output, examples=None):
    """Writes model to path with an input "image" and one output of the given name.

    examples, an array of pictures as the network takes them, asks for 8-bit weights and activations with uint8 input
    and output; without it all is float32.
    """
    shape = [1] + list(model.input_shape[1:])
    forward = tf.function(lambda image: model(image, training=False), input_signature=[tf.TensorSpec(shape, tf.float32, "image")])
    frozen = convert_variables_to_constants_v2(forward.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if examples is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([x[None].astype(np.float32)] for x in examples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    content = flatbuffer_utils.convert_bytearray_to_object(converter.convert())
    graph = content.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = b"image"
    graph.tensors[graph.outputs[0]].name = output.encode()
    flatbuffer_utils.write_model(content, path)


class Network:
    """A .tflite file with one input and one output, used in real numbers whatever its types are."""

    def __init__(self, path):
        self.net = Interpreter(path, num_threads=1)
        self.net.allocate_tensors()
        self.input, self.output = self.net.get_input_details()[0], self.net.get_output_details()[0]

    def __call__(self, picture):
        scale, zero = self.input["quantization"]
        if scale:
            picture = np.clip(np.round(picture / scale) + zero, 0, 255).astype(self.input["dtype"])
        self.net.set_tensor(self.input["index"], picture[None].astype(self.input["dtype"]))
        self.net.invoke()
        out = self.net.get_tensor(self.output["index"])[0].astype(np.float32)
        scale, zero = self.output["quantization"]
        return (out - zero) * scale if scale else out

    def contract(self):
        return ["%s %s %s scale %.9g zero point %d" % (d["name"], list(d["shape"]), d["dtype"].__name__, *d["quantization"])
                for d in (self.input, self.output)]


def to_input(rgb):
    """Bytes 0..255 to [-1, 1], as all three networks take them."""
    return np.asarray(rgb, np.float32) / 127.5 - 1
