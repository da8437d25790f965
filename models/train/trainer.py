"""Trains a Keras network with PyTorch, which is two to three times as fast on a processor as TensorFlow.

In: a Functional model of the layers that Graph.run lists, the batches of a recipe, a loss on PyTorch tensors.
Out: the same model with the trained weights, checkpoints and a curve (.csv, .png) in the folder of work.

Activations and gradients are bfloat16 where the processor multiplies matrices in that type, weights are float32.
Batch normalisation either stays as it is ("batch") or is folded into the convolution before it, whose kernel is then
trained as direction and length ("weight", Salimans and Kingma, "Weight Normalization", 2016): half the time, the same
start, for networks that go on from published weights.
"""
import csv
import math
import os
import sys
import time

# Triton's LLVM and TensorFlow's cannot be in one process, and on a processor PyTorch needs none.
sys.modules.setdefault("triton", None)

import keras
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import mobilenet
import recipe

BF16 = torch.bfloat16 if "avx512_bf16" in open("/proc/cpuinfo").read() else torch.float32
# oneDNN's bfloat16 gradient of a depthwise convolution is slow up to so many channels, and with strides.
NARROW = 32
THREADS = int(os.environ.get("RTV_THREADS", 2))


class Convolution(nn.Module):
    """A Keras convolution, with the batch normalisation that was folded into it, trained as direction and length."""

    def __init__(self, layer, norm, weight_norm):
        super().__init__()
        self.groups = layer.depth_multiplier and layer.input.shape[-1] if isinstance(layer, keras.layers.DepthwiseConv2D) else 1
        kernel = layer.kernel.numpy()
        # Keras has [h, w, in, out] and [h, w, channels, 1], PyTorch [out, in, h, w].
        kernel = kernel.transpose(2, 3, 0, 1) if self.groups > 1 else kernel.transpose(3, 2, 0, 1)
        bias = layer.bias.numpy() if layer.use_bias else np.zeros(len(kernel), np.float32)
        if norm is not None:
            gain = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
            kernel, bias = kernel * gain[:, None, None, None], (bias - norm.moving_mean.numpy()) * gain + norm.beta.numpy()
        self.stride, self.padding = layer.strides[0], layer.padding
        self.weight = nn.Parameter(torch.tensor(kernel, dtype=torch.float32).to(memory_format=torch.channels_last))
        self.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float32)) if layer.use_bias or norm is not None else None
        self.length = nn.Parameter(self.norm()) if weight_norm else None

    def norm(self):
        return self.weight.detach().flatten(1).norm(dim=1).clamp(min=1e-8).clone()

    def kernel(self):
        if self.length is None:
            return self.weight
        return self.weight * (self.length / self.weight.flatten(1).norm(dim=1).clamp(min=1e-8))[:, None, None, None]

    def forward(self, x):
        size, padding = self.weight.shape[2:], (0, 0)
        if self.groups > 1 and size == x.shape[2:] and self.padding == "valid":
            # A weighed sum over all places, of which oneDNN's gradient is slow.
            out = (x.float() * self.kernel()[:, 0]).sum((2, 3), keepdim=True)
            return out if self.bias is None else out + self.bias[:, None, None]
        if self.padding == "same":
            # TensorFlow pads what is missing on the right and at the bottom first.
            missing = [max((math.ceil(n / self.stride) - 1) * self.stride + k - n, 0) for n, k in zip(x.shape[2:], size)]
            if all(m % 2 == 0 for m in missing):
                padding = (missing[0] // 2, missing[1] // 2)
            else:
                x = F.pad(x, (missing[1] // 2, missing[1] - missing[1] // 2, missing[0] // 2, missing[0] - missing[0] // 2))
        slow = 1 < self.groups <= NARROW or self.groups > 1 and self.stride > 1
        dtype = torch.float32 if slow else x.dtype
        bias = None if self.bias is None else self.bias.to(dtype)
        return F.conv2d(x.to(dtype), self.kernel().to(dtype), bias, self.stride, padding, groups=self.groups).to(x.dtype)

    def keras_weights(self, layer):
        kernel = self.kernel().detach().numpy()
        kernel = kernel.transpose(2, 3, 0, 1) if self.groups > 1 else kernel.transpose(2, 3, 1, 0)
        return [np.ascontiguousarray(kernel)] + ([self.bias.detach().numpy()] if layer.use_bias else [])


class Norm(nn.BatchNorm2d):
    def __init__(self, layer):
        super().__init__(layer.gamma.shape[0], eps=layer.epsilon, momentum=1 - layer.momentum)
        with torch.no_grad():
            for mine, theirs in zip(self.tensors(), layer.get_weights()):
                mine.copy_(torch.tensor(theirs))

    def tensors(self):
        return self.weight, self.bias, self.running_mean, self.running_var


class Dense(nn.Linear):
    def __init__(self, layer):
        super().__init__(*layer.kernel.shape)
        with torch.no_grad():
            self.weight.copy_(torch.tensor(layer.kernel.numpy()).T)
            self.bias.copy_(torch.tensor(layer.bias.numpy()))


class Graph(nn.Module):
    """A Functional Keras model as a PyTorch module.

    In: float32 pictures [N H W C] in -1..1. Out: what the model answers, in Keras's order of axes, float32; a list
    where it has several outputs. norm is "batch" or "weight", frozen names layers that keep their weights.
    """

    def __init__(self, model, norm="weight", frozen=()):
        super().__init__()
        self.model, self.parts, self.folded = model, nn.ModuleDict(), {}
        convolutions = {layer.output.name: layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
                        or isinstance(layer, keras.layers.DepthwiseConv2D)}
        norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        if norm == "weight":
            self.folded = {convolutions[n.input.name].name: n for n in norms}
        skipped = {n.name for n in self.folded.values()}
        for i, layer in enumerate(model.layers):
            # By place: Keras numbers layers without a name on from model to model.
            if layer.output.name in convolutions:
                self.parts[str(i)] = Convolution(layer, self.folded.get(layer.name), norm == "weight")
            elif isinstance(layer, keras.layers.BatchNormalization) and layer.name not in skipped:
                self.parts[str(i)] = Norm(layer)
            elif isinstance(layer, keras.layers.Dense):
                self.parts[str(i)] = Dense(layer)
        self.frozen = [part for layer, part in self.trained() if layer.name in frozen]
        for part in self.frozen:
            part.requires_grad_(False)

    def trained(self):
        """The layers that have weights here, each with its part."""
        return [(self.model.layers[int(i)], part) for i, part in self.parts.items()]

    def train(self, mode=True):
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def forward(self, pictures):
        tensors = {self.model.inputs[0].name: pictures.permute(0, 3, 1, 2).to(BF16 if self.training else torch.float32)}
        for i, layer in enumerate(self.model.layers):
            if not isinstance(layer, keras.layers.InputLayer):
                inputs = layer.input if isinstance(layer.input, list) else [layer.input]
                part = self.parts[str(i)] if str(i) in self.parts else None
                tensors[layer.output.name] = self.run(layer, part, [tensors[t.name] for t in inputs])
        out = [last(tensors[o.name]).float() for o in self.model.outputs]
        return out[0] if len(out) == 1 else out

    def run(self, layer, part, inputs):
        """One layer on tensors [N C H W]; part holds its weights, None where it has none here."""
        x, kind, activation = inputs[0], type(layer).__name__, getattr(layer, "activation", None)
        if part is not None:
            # Vectors and what follows them are small, and exact.
            out = part(x.float() if kind == "Dense" else x)
            return torch.softmax(out.float(), 1) if activation is keras.activations.softmax else out
        if kind in ("BatchNormalization",):  # folded
            return x
        if kind == "ReLU":
            return F.hardtanh(x, 0, layer.max_value, inplace=self.training) if layer.max_value else F.relu(x)
        if kind == "ZeroPadding2D":
            (top, bottom), (left, right) = layer.padding
            return F.pad(x, (left, right, top, bottom))
        if kind == "Add":
            return sum(inputs[1:], x)
        if kind == "Concatenate":
            # Axes of Keras: the last one is PyTorch's second where there are four.
            return torch.cat(inputs, 1 if x.dim() == 4 else layer.axis)
        if kind == "UpSampling2D":
            mode = layer.interpolation
            return F.interpolate(x, scale_factor=layer.size[0], mode=mode, **({"align_corners": False} if mode == "bilinear" else {}))
        if kind == "GlobalAveragePooling2D":
            return x.float().mean((2, 3))
        if kind == "Dropout":
            return F.dropout(x, layer.rate, self.training)
        if kind == "Flatten":
            return last(x).flatten(1)
        if kind == "Reshape":
            return last(x).reshape(len(x), *layer.target_shape)
        if kind == "Softmax":
            return torch.softmax(x.float(), 1 if x.dim() == 4 else -1)
        if kind == "Places":
            n, c, h, w = x.shape
            return x.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h, 2 * w)
        raise NotImplementedError("layer %s of kind %s" % (layer.name, kind))

    def back(self):
        """Puts the weights into the Keras model."""
        for layer, part in self.trained():
            if isinstance(part, Convolution):
                layer.set_weights(part.keras_weights(layer))
                norm = self.folded.get(layer.name)
                if norm is not None:
                    ones = np.ones(len(part.bias), np.float32)
                    norm.set_weights([ones, part.bias.detach().numpy(), 0 * ones, (1 - norm.epsilon) * ones])
            elif isinstance(part, Norm):
                layer.set_weights([t.detach().numpy() for t in part.tensors()])
            elif isinstance(part, Dense):
                layer.set_weights([part.weight.detach().numpy().T, part.bias.detach().numpy()])


def last(x):
    """The tensor with its channels last, as Keras has it."""
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


class Samples(torch.utils.data.Dataset):
    def __init__(self, batches):
        self.batches = batches

    def __getitem__(self, i):
        return self.batches.at(i // len(self.batches), i % len(self.batches))


def rate_at(step, steps, peak):
    """Warm-up over a fiftieth of the steps, then half a cosine down to a hundredth."""
    warm = max(steps // 50, 1)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1))))


def groups(graph, decay):
    """Kernels decay, biases, lengths and normalisations do not."""
    of = {True: [], False: []}
    for name, p in graph.named_parameters():
        if p.requires_grad:
            of[p.dim() > 1].append(p)
    return [{"params": of[True], "weight_decay": decay}, {"params": of[False], "weight_decay": 0.0}]


def fit(model, batches, a, loss, rate, epochs=None, decay=1e-3, norm="batch", frozen=(), ema=0.998, judge=None, every=5, workers=1,
        pruned=0.0, name=None):
    """Trains the model and leaves it with the averaged weights; goes on from the last epoch where it was broken off.

    batches is a recipe.Batches whose pictures are float32 in -1..1 or bytes 0..255; loss(truth, found) gets PyTorch
    tensors and returns one number. judge(net), where given, is called every so many epochs with a function from one
    picture to what the network answers, and returns the figure on left-out sources (more is better): the epoch with the
    best one is kept. pruned is the share of the weights of 1x1 convolutions that go to zero. A finished training is read
    back; name is that of its files, a.model where it is not given.
    """
    state, epochs, workers = os.path.join(a.work, name or a.model), 1 if a.smoke else epochs or a.epochs, 0 if a.smoke else workers
    graph = Graph(model, norm, frozen)
    if os.path.exists(state + ".weights.pt"):
        print("already trained:", state + ".weights.pt")
        graph.load_state_dict(torch.load(state + ".weights.pt"))
        graph.back()
        return
    torch.set_num_threads(THREADS)
    torch.manual_seed(recipe.SEED)
    optimizer = torch.optim.AdamW(groups(graph, decay), rate, fused=True)
    run = Run(graph, optimizer, ema, state)
    per, steps = len(batches), epochs * len(batches)
    loader = iter(torch.utils.data.DataLoader(Samples(batches), batch_size=None, sampler=range(run.epoch * per, steps),
                                              num_workers=workers, prefetch_factor=4 if workers else None))
    mask = Pruning(graph, pruned, steps) if pruned else None
    while run.epoch < epochs:
        graph.train()
        started, losses = time.time(), []
        for step in range(run.epoch * per, (run.epoch + 1) * per):
            x, y = next(loader)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, steps, rate)
            value = loss(y, graph(to_input(x)))
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(graph.parameters(), 20)
            optimizer.step()
            if mask:
                mask(step)
            run.average()
            losses.append(float(value.detach()))
        run.epoch += 1
        # The averaged weights of a pruned network are dense until the share stands still.
        judged = judge and (run.epoch == epochs or run.epoch % every == 0 and not pruned)
        run.note(np.mean(losses), run.judged(judge) if judged else None, time.time() - started)
    run.finish(mask)
    graph.back()


class Pruning:
    """Zeroes the smallest weights of every 1x1 convolution, ever more of them over the first half of the steps.

    The share follows a cubic curve (Zhu and Gupta, "To prune, or not to prune", 2017); what is zeroed may come back
    while the share grows.
    """

    EVERY = 20  # steps between two choices of weights

    def __init__(self, graph, share, steps):
        self.kernels = [p.weight for p in graph.parts.values() if isinstance(p, Convolution) and p.weight.shape[2:] == (1, 1)]
        self.share, self.steps, self.masks = share, max(steps // 2, 1), []

    @torch.no_grad()
    def __call__(self, step):
        if not self.masks or step % self.EVERY == 0 and step <= self.steps + self.EVERY:
            share = self.share * (1 - (1 - min((step + 1) / self.steps, 1)) ** 3)
            self.masks = [k.abs() > k.abs().flatten().kthvalue(max(int(share * k.numel()), 1)).values for k in self.kernels]
        self.apply(self.kernels)

    @torch.no_grad()
    def apply(self, kernels):
        for kernel, mask in zip(kernels, self.masks):
            kernel.mul_(mask)


def load(model, state, norm):
    """Gives the model the weights of a finished training with that state and norm."""
    graph = Graph(model, norm)
    graph.load_state_dict(torch.load(state + ".weights.pt"))
    graph.back()


def to_input(x):
    return (x.float() - 128) / 128 if x.dtype == torch.uint8 else x


class Run:
    """A training as it stands: what a checkpoint holds."""

    def __init__(self, graph, optimizer, ema, state):
        self.graph, self.optimizer, self.ema, self.state = graph, optimizer, ema, state
        self.epoch, self.steps, self.curve, self.best = 0, 0, [], None
        self.mean = {k: v.clone() for k, v in graph.state_dict().items()}
        if os.path.exists(state + ".checkpoint.pt"):
            kept = torch.load(state + ".checkpoint.pt")
            graph.load_state_dict(kept["graph"])
            optimizer.load_state_dict(kept["optimizer"])
            self.epoch, self.steps, self.curve, self.best, self.mean = (kept[k] for k in ("epoch", "steps", "curve", "best", "mean"))
            print("goes on after epoch", self.epoch)

    def average(self):
        """Moves the averaged weights towards those of this step, faster at first."""
        self.steps += 1
        share = 1 - min(self.ema, (1 + self.steps) / (10 + self.steps))
        for k, v in self.graph.state_dict().items():
            if v.is_floating_point():
                self.mean[k].lerp_(v, share)
            else:
                self.mean[k].copy_(v)

    def judged(self, judge):
        """The figure of the averaged weights, which are kept where it is the best so far."""
        now = {k: v.clone() for k, v in self.graph.state_dict().items()}
        self.graph.load_state_dict(self.mean)
        figure = float(judge(net(self.graph)))
        if self.best is None or figure >= self.best[0]:
            self.best = (figure, {k: v.clone() for k, v in self.mean.items()})
        self.graph.load_state_dict(now)
        return figure

    def note(self, loss, figure, seconds):
        self.curve.append((self.epoch, round(float(loss), 4), "" if figure is None else round(figure, 4), round(seconds, 1)))
        print("epoch %d: loss %.4f%s, %.0f s" % (self.epoch, loss, "" if figure is None else ", left-out figure %.4f" % figure, seconds), flush=True)
        save({"graph": self.graph.state_dict(), "optimizer": self.optimizer.state_dict(), "epoch": self.epoch, "steps": self.steps,
              "curve": self.curve, "best": self.best, "mean": self.mean}, self.state + ".checkpoint.pt")
        with open(self.state + ".curve.csv", "w") as f:
            csv.writer(f).writerows([("epoch", "loss", "left-out figure", "seconds"), *self.curve])

    def finish(self, mask=None):
        self.graph.load_state_dict(self.best[1] if self.best else self.mean)
        if mask:
            mask.apply(mask.kernels)
        self.graph.eval()
        save(self.graph.state_dict(), self.state + ".weights.pt")
        os.remove(self.state + ".checkpoint.pt")


def save(content, path):
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)


def net(graph):
    """The graph as a function from one picture [H W C] in -1..1 to what a tflite.Network answers."""
    def run(picture):
        graph.eval()
        with torch.no_grad():
            out = graph(torch.from_numpy(np.asarray(picture, np.float32))[None])
        if torch.is_tensor(out):
            return out[0].numpy()
        return {layer: o[0].numpy() for layer, o in zip([o._keras_history.operation.name for o in graph.model.outputs], out)}
    return run


def plot(csv_path, png_path, title):
    """Draws a curve: loss on the left, the left-out figure on the right."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    rows = list(csv.DictReader(open(csv_path)))
    epochs = [int(r["epoch"]) for r in rows]
    figure, left = pyplot.subplots(figsize=(6, 3))
    left.plot(epochs, [float(r["loss"]) for r in rows], color="#888888")
    left.set_xlabel("epoch")
    left.set_ylabel("training loss")
    left.set_title(title, fontsize=9)
    right = left.twinx()
    judged = [(int(r["epoch"]), float(r["left-out figure"])) for r in rows if r["left-out figure"]]
    right.plot(*zip(*judged) if judged else ([], []), color="#0060c0", marker=".")
    right.set_ylabel("figure on left-out sources")
    figure.tight_layout()
    figure.savefig(png_path, dpi=80)
    pyplot.close(figure)


def frozen_blocks(model, count):
    """Names of the layers of a MobileNet's first blocks, with the first convolution and the normalisations."""
    names = [n for n in mobilenet.NAMES if n == "conv0" or int(n[2:]) <= count] if count else []
    return names + [n + "_bn" for n in names]
