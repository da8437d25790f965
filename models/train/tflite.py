"""Writes trained networks as .tflite files with named tensors, and runs those files to measure them."""
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.tools import flatbuffer_utils
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def export(model, path, outputs, variant, examples=None, real=False):
    """Writes model to path with an input "image" and the outputs under the given names, in the model's order.

    variant is "float" (all float32), "sparse" (the same, kernels of mostly zeros stored without them), "dynamic" (8-bit
    weights, float32 activations) or "int8" (8-bit weights and activations, uint8 input and output), which needs
    examples, an array of pictures as the network takes them; real makes its outputs float32.
    """
    shape = [1] + list(model.input_shape[1:])
    forward = tf.function(lambda image: model(image, training=False), input_signature=[tf.TensorSpec(shape, tf.float32, "image")])
    frozen = convert_variables_to_constants_v2(forward.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if variant == "sparse":
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    elif variant != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "int8":
        # Both ends of the bytes, so that the input's scale is 1/128 and its zero point 128 and it takes them as they are.
        examples = np.array(examples, np.float32)
        examples[0, 0, 0] = [-1, 0, 127 / 128]
        converter.representative_dataset = lambda: ([x[None].astype(np.float32)] for x in examples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.float32 if real else tf.uint8
    content = flatbuffer_utils.convert_bytearray_to_object(converter.convert())
    graph = content.subgraphs[0]
    assert len(graph.outputs) == len(outputs), (len(graph.outputs), outputs)
    for index, name in zip([*graph.inputs, *graph.outputs], ["image", *outputs]):
        graph.tensors[index].name = name.encode()
    # The signature, where there is one, names the tensors too.
    for signature in content.signatureDefs or []:
        for entry in [*signature.inputs, *signature.outputs]:
            entry.name = graph.tensors[entry.tensorIndex].name
    flatbuffer_utils.write_model(content, path)


class Network:
    """A .tflite file with one input, used in real numbers whatever its types are."""

    def __init__(self, path):
        self.net = Interpreter(path, num_threads=1)
        self.net.allocate_tensors()
        self.input, self.outputs = self.net.get_input_details()[0], self.net.get_output_details()

    def __call__(self, picture):
        """The only output, or a dict of all by name."""
        out = self.all(picture)
        return out[0] if len(out) == 1 else {d["name"]: o for d, o in zip(self.outputs, out)}

    def all(self, picture):
        scale, zero = self.input["quantization"]
        if scale:
            picture = np.clip(np.round(picture / scale) + zero, 0, 255).astype(self.input["dtype"])
        self.net.set_tensor(self.input["index"], picture[None].astype(self.input["dtype"]))
        self.net.invoke()
        return [self.real(d) for d in self.outputs]

    def real(self, d):
        out = self.net.get_tensor(d["index"])[0].astype(np.float32)
        scale, zero = d["quantization"]
        return (out - zero) * scale if scale else out

    def contract(self):
        """Name, shape, type and quantization of input and outputs."""
        return [" ".join([d["name"], str([int(n) for n in d["shape"]]), d["dtype"].__name__] +
                         (["scale %.9g zero point %d" % d["quantization"]] if d["quantization"][0] else []))
                for d in (self.input, *self.outputs)]


def to_input(rgb):
    """Bytes 0..255 to -1..127/128, as all networks here take them."""
    return (np.asarray(rgb, np.float32) - 128) / 128
