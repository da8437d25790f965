"""Records what LiteRT's reference kernels (OpResolverType.BUILTIN_REF) make of a pattern, in reference.json beside
this file. Run with ai-edge-litert 2.3.0: python3 reference.py SHARED"""
import json, os, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = os.path.dirname(os.path.abspath(__file__))
TRAINED = os.path.join(HERE, "..", "..", "models", "trained")
MODELS = [os.path.join(sys.argv[1], "models", n) for n in (
    "deeplabv3_257_mv.tflite", "mobilenet_v1_0.25_128_quant.tflite", "age_200_q.tflite")
] + [os.path.join(TRAINED, n) for n in (
    "belt_rip_mobilenet_025_128_int8.tflite", "emotion_mobilefacenet_050_48_int8.tflite",
    "liveness_mobilenet_025_128_float.tflite")]


def pattern(shape, dtype):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    x = (i * 7919 % 512).astype(np.float32) / 256 - 1 if dtype == np.float32 else (i * 7919 % 251).astype(np.uint8).view(dtype)
    return x.reshape(shape)


recorded = {}
for path in MODELS:
    net = Interpreter(path, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    net.allocate_tensors()
    first = net.get_input_details()[0]
    net.set_tensor(first["index"], pattern(first["shape"], first["dtype"]))
    net.invoke()
    flat = net.get_tensor(net.get_output_details()[0]["index"]).reshape(-1)
    at = np.unique(np.linspace(0, flat.size - 1, 100).astype(int))
    recorded[os.path.basename(path)] = [[int(i), float(flat[i])] for i in at]
with open(os.path.join(HERE, "reference.json"), "w") as f:
    json.dump(recorded, f, separators=(",", ":"))
    f.write("\n")
