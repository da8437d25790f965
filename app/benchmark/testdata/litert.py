"""Times a model with a LiteRT wheel's interpreter, one thread, XNNPACK: litert.py MODEL WARMUP RUNS prints each run in
nanoseconds. Inputs are random, as those of its litert-benchmark; what that does besides, copying tensors, is left out."""
import sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter

net = Interpreter(sys.argv[1], num_threads=1)
net.allocate_tensors()
random = np.random.default_rng(1)
for t in net.get_input_details():
    if np.issubdtype(t["dtype"], np.floating):
        values = random.uniform(-1, 1, t["shape"])
    else:
        kind = np.iinfo(t["dtype"])
        values = random.integers(max(kind.min, -128), min(kind.max, 255), t["shape"], endpoint=True)
    net.set_tensor(t["index"], values.astype(t["dtype"]))
for _ in range(int(sys.argv[2])):
    net.invoke()
for _ in range(int(sys.argv[3])):
    begin = time.perf_counter_ns()
    net.invoke()
    print(time.perf_counter_ns() - begin)
