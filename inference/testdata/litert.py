"""Times a model with the LiteRT wheel's interpreter, one thread, XNNPACK: litert.py MODEL WARMUP RUNS prints each run in
nanoseconds. What its own litert-benchmark does besides, copying tensors, is left out."""
import sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter

net = Interpreter(sys.argv[1], num_threads=1)
net.allocate_tensors()
for t in net.get_input_details():
    net.set_tensor(t["index"], np.full(t["shape"], 1, t["dtype"]))
for _ in range(int(sys.argv[2])):
    net.invoke()
for _ in range(int(sys.argv[3])):
    begin = time.perf_counter_ns()
    net.invoke()
    print(time.perf_counter_ns() - begin)
