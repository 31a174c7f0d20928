#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""live_compare.py --cli PROGRAM [--seed N] [--count N] [--only TEXT] [--keep DIR]: models made on the spot, run by both.

Each model is a tf.Module of random shapes and attributes built by one of the makers below; its signature is called with
TensorFlow and through `PROGRAM run`, and all outputs are compared: floats within a tolerance, everything else exactly.
The seed is printed and makes the run reproducible. Each maker occurs at least once. Closes with `N passed, N failed`.

A maker takes a Dice and returns (function of named tensors, {name: array}); the signature leaves first dims unknown half
of the time. To add one, write a function whose name starts with make_."""
import argparse
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
import numpy as np
import tensorflow as tf

FLOATS = [np.float32, np.float64]
NUMBERS = FLOATS + [np.int32, np.int64]


class Dice:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, values):
        return values[int(self.rng.integers(len(values)))]

    def dim(self, high=7):
        return int(self.rng.integers(1, high + 1))

    def shape(self, low=1, high=4):
        return [self.dim() for _ in range(int(self.rng.integers(low, high + 1)))]

    def array(self, shape, dtype=np.float32):
        if np.dtype(dtype).kind == "f":
            return self.rng.standard_normal(shape).astype(dtype)
        return self.rng.integers(-9, 10, shape).astype(dtype)


def make_unary(d):
    f = d.pick([tf.nn.relu, tf.tanh, tf.exp, tf.abs, tf.negative, tf.nn.softmax, lambda x: tf.math.rsqrt(tf.abs(x) + 0.1)])
    return lambda x: {"y": f(x)}, {"x": d.array(d.shape(1), d.pick(FLOATS))}


def make_binary(d):
    """Broadcasting: dims of b are dropped from the left or become 1."""
    f = d.pick([tf.add, tf.subtract, tf.multiply, tf.maximum, tf.minimum, tf.math.squared_difference, tf.math.floormod])
    t, a = d.pick(NUMBERS), d.shape()
    b = [n if d.dim(3) > 1 else 1 for n in a][int(d.rng.integers(0, len(a))):]
    y = d.array(b, t)
    if f is tf.math.floormod:
        y = np.where(np.abs(y) < 0.5, 1, y).astype(t)
    return lambda a, b: {"y": f(a, b)}, {"a": d.array(a, t), "b": y}


def make_compare(d):
    f = d.pick([tf.equal, tf.not_equal, tf.less, tf.greater])
    s, t = d.shape(), d.pick(NUMBERS)
    return lambda a, b: {"y": f(a, b), "chosen": tf.where(f(a, b), a, b)}, {"a": d.array(s, t), "b": d.array(s, t)}


def make_reduce(d):
    f = d.pick([tf.reduce_sum, tf.reduce_mean, tf.reduce_max, tf.reduce_prod])
    s = d.shape(2)
    axes = sorted(int(k) for k in d.rng.choice(len(s), d.dim(len(s) - 1), replace=False))
    keep = d.pick([False, True])
    return lambda x: {"y": f(x, axes, keepdims=keep)}, {"x": d.array(s, d.pick(NUMBERS))}


def make_matmul(d):
    m, k, n = d.dim(40), d.dim(40), d.dim(40)
    ta, tb, t = d.pick([False, True]), d.pick([False, True]), d.pick(NUMBERS)
    return (lambda a, b: {"y": tf.matmul(a, b, transpose_a=ta, transpose_b=tb)},
            {"a": d.array([k, m] if ta else [m, k], t), "b": d.array([n, k] if tb else [k, n], t)})


def make_dense(d):
    k, n = d.dim(30), d.dim(30)
    w, b = tf.Variable(d.array([k, n])), tf.Variable(d.array([n]))
    f = lambda x: {"y": tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), b))}
    f.variables = [w, b]
    return f, {"x": d.array([d.dim(5), k])}


def make_conv(d):
    h, w, c, out, stride = d.dim(9) + 4, d.dim(9) + 4, d.dim(5), d.dim(9), d.dim(2)
    dilation = d.dim(2) if stride == 1 else 1
    kernel = tf.Variable(d.array([d.dim(3), d.dim(3), c, out]))
    padding = d.pick(["SAME", "VALID"])
    f = lambda x: {"y": tf.nn.relu(tf.nn.conv2d(x, kernel, stride, padding, dilations=dilation))}
    f.variables = [kernel]
    return f, {"x": d.array([d.dim(3), h, w, c])}


def make_max_pool(d):
    size, stride, padding = d.dim(3), d.dim(2), d.pick(["SAME", "VALID"])
    return (lambda x: {"y": tf.nn.max_pool2d(x, size, stride, padding)}, {"x": d.array([d.dim(2), d.dim() + 3, d.dim() + 3, d.dim()])})


def make_reshape(d):
    s = d.shape(2)
    return (lambda x: {"y": tf.reshape(x, [-1, s[-1]]), "e": tf.expand_dims(x, -1), "q": tf.squeeze(tf.expand_dims(x, 1), [1]),
                       "s": tf.shape(x)}, {"x": d.array(s, d.pick(NUMBERS))})


def make_slice(d):
    s = d.shape(2, 3)
    begin = [int(d.rng.integers(-n, n)) for n in s]
    end = [int(d.rng.integers(-n - 1, n + 2)) for n in s]
    step = [int(d.pick([-2, -1, 1, 2])) for _ in s]
    key = tuple(slice(b, e, k) for b, e, k in zip(begin, end, step))
    return lambda x: {"y": x[key], "z": x[..., 0], "w": x[:, tf.newaxis]}, {"x": d.array(s, d.pick(NUMBERS))}


def make_join(d):
    s, t = d.shape(2, 3), d.pick(NUMBERS)
    axis, times = int(d.rng.integers(-len(s), len(s))), [d.dim(3) for _ in s]
    return (lambda a, b: {"c": tf.concat([a, b, a], axis), "s": tf.stack([a, b], axis), "t": tf.tile(a, times)},
            {"a": d.array(s, t), "b": d.array(s, t)})


def make_gather(d):
    s = d.shape(2, 3)
    axis = int(d.rng.integers(len(s)))
    return (lambda x, i: {"y": tf.gather(x, i, axis=axis)},
            {"x": d.array(s, d.pick(NUMBERS)), "i": d.rng.integers(0, s[axis], d.shape(1, 2)).astype(d.pick([np.int32, np.int64]))})


def make_cast(d):
    to = d.pick([tf.float32, tf.float64, tf.int32, tf.int64, tf.uint8, tf.bool, tf.int8])
    x = np.abs(d.array(d.shape(), d.pick(NUMBERS)))
    return lambda x: {"y": tf.cast(x, to)}, {"x": x}


def make_top(d):
    s = d.shape(2, 3)
    k = d.dim(s[-1])
    x = d.rng.permutation(int(np.prod(s))).reshape(s).astype(d.pick(NUMBERS))   # no ties between large values
    return lambda x: {"v": tf.math.top_k(x, k).values, "i": tf.math.top_k(x, k).indices, "a": tf.argmax(x, -1)}, {"x": x}


def make_while(d):
    n = d.dim(6)
    return (lambda x: {"y": tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, tf.tanh(v * 1.1 + 0.1)), (0, x),
                                          shape_invariants=(tf.TensorShape([]), x.shape))[1]}, {"x": d.array(d.shape())})


def make_map(d):
    s = d.shape(2, 3)
    return lambda x: {"y": tf.map_fn(lambda row: tf.reduce_sum(row * row), x)}, {"x": d.array(s)}


def make_strings(d):
    words = np.array(["", "a", "Zoo", "caf\u00e9", "x" * 40, "two words"], object)[d.rng.integers(0, 6, d.shape(1, 2))]
    n = d.dim(50)
    return (lambda x: {"up": tf.strings.upper(x), "n": tf.strings.length(x), "h": tf.strings.to_hash_bucket_fast(x, n),
                       "j": tf.strings.join([x, "-", x])}, {"x": words})


def make_resize(d):
    size = [d.dim(12), d.dim(12)]
    return lambda x: {"y": tf.image.resize(x, size)}, {"x": d.array([d.dim(2), d.dim() + 1, d.dim() + 1, d.dim(3)])}


def make_png(d):
    c = d.pick([1, 3])
    image = d.rng.integers(0, 256, [d.dim(20), d.dim(20), c]).astype(np.uint8)
    want = d.pick([0, 1, 3])
    return lambda x: {"y": tf.io.decode_png(x, channels=want)}, {"x": np.array(tf.io.encode_png(image).numpy(), object)}


def make_digits_like(d):
    """A whole small network: the path of fused and folded ops."""
    k1, b1 = tf.Variable(d.array([3, 3, 2, 6]) * 0.3), tf.Variable(d.array([6]))
    mean, var = tf.Variable(d.array([6])), tf.Variable(np.abs(d.array([6])) + 0.5)
    w = tf.Variable(d.array([4 * 4 * 6, 5]) * 0.2)

    def f(x):
        y = tf.nn.bias_add(tf.nn.conv2d(x, k1, 1, "SAME"), b1)
        y = tf.nn.relu((y - mean) * tf.math.rsqrt(var + 1e-3))
        y = tf.reshape(tf.nn.max_pool2d(y, 2, 2, "VALID"), [-1, 4 * 4 * 6])
        return {"p": tf.nn.softmax(tf.matmul(y, w))}
    f.variables = [k1, b1, mean, var, w]
    return f, {"x": d.array([d.dim(4), 8, 8, 2])}


MAKERS = [f for n, f in sorted(globals().items()) if n.startswith("make_")]


def build(d, maker, folder):
    f, feeds = maker(d)
    loose = d.pick([False, True]) and maker not in (make_reduce, make_slice, make_gather)
    module = tf.Module()
    module.v = getattr(f, "variables", [])
    spec = {k: tf.TensorSpec([None] + list(a.shape[1:]) if loose and a.ndim else a.shape,
                             tf.string if a.dtype == object else a.dtype, name=k) for k, a in feeds.items()}
    module.f = tf.function(f).get_concrete_function(**spec)
    tf.saved_model.save(module, folder, signatures={"serving_default": module.f})
    want = module.f(**{k: tf.constant(a) for k, a in feeds.items()})
    return feeds, {k: v.numpy() for k, v in want.items()}


def literal(a):
    if isinstance(a, (bytes, str)):
        return repr(a.encode() if isinstance(a, str) else a).replace(";", "\\x3b")
    return "[" + ", ".join(literal(x) for x in a) + "]" if isinstance(a, (list, np.ndarray)) and np.ndim(a) else literal(a.item())


def run(cli, model, feeds, work):
    out, files, exprs = os.path.join(work, "out"), [], []
    for name, a in feeds.items():
        if a.dtype == object:
            exprs.append("%s=%s" % (name, literal(a)))
        else:
            np.save(os.path.join(work, name + ".npy"), a)
            files.append("%s=%s" % (name, os.path.join(work, name + ".npy")))
    command = cli + ["run", "--dir", model, "--tag_set", "serve", "--signature_def", "serving_default", "--outdir", out]
    command += (["--inputs", ";".join(files)] if files else []) + (["--input_exprs", ";".join(exprs)] if exprs else [])
    p = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if p.returncode:
        lines = p.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise RuntimeError("exit %d: %s" % (p.returncode, lines[-1][:300]))
    return {n[:-4]: np.load(os.path.join(out, n), allow_pickle=True) for n in os.listdir(out)}


def difference(got, want):
    if set(got) != set(want):
        return "outputs %s, expected %s" % (sorted(got), sorted(want))
    for k, w in want.items():
        g, w = got[k], np.asarray(w)
        if g.shape != w.shape:
            return "%s: shape %s, expected %s" % (k, g.shape, w.shape)
        if w.dtype == object:
            if [bytes(v) for v in g.reshape(-1)] != [v if isinstance(v, bytes) else v.encode() for v in w.reshape(-1)]:
                return "%s: strings differ" % k
        elif g.dtype != w.dtype:
            return "%s: dtype %s, expected %s" % (k, g.dtype, w.dtype)
        elif w.dtype.kind == "f":
            tight = 1e-12 if w.dtype == np.float64 else 1e-5
            if not np.allclose(g, w, rtol=tight, atol=tight * max(1, float(np.nanmax(np.abs(w), initial=0))), equal_nan=True):
                return "%s: values differ by up to %g" % (k, np.nanmax(np.abs(g - w)))
        elif not np.array_equal(g, w):
            return "%s: %d of %d values differ" % (k, np.sum(g != w), w.size)
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cli", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=60)
    p.add_argument("--only", default="")
    p.add_argument("--keep", help="leave models and inputs in this folder")
    a = p.parse_args()
    cli, passed, failed = [os.path.abspath(a.cli)], 0, 0
    makers = [m for m in MAKERS if a.only in m.__name__]
    if not makers:
        sys.exit("no maker's name contains %r" % a.only)
    print("seed %d, TensorFlow %s" % (a.seed, tf.__version__))
    with tempfile.TemporaryDirectory() as tmp:
        for i in range(max(a.count, len(makers))):
            maker = makers[i % len(makers)]
            work = os.path.join(a.keep or tmp, "%03d_%s" % (i, maker.__name__[5:]))
            os.makedirs(work, exist_ok=True)
            model = os.path.join(work, "saved_model")
            feeds, want = build(Dice([a.seed, i]), maker, model)
            try:
                wrong = difference(run(cli, model, feeds, work), want)
            except (RuntimeError, subprocess.TimeoutExpired, OSError) as e:
                wrong = str(e)
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            if wrong:
                print("FAIL %03d %s %s: %s" % (i, maker.__name__[5:], {k: v.shape for k, v in feeds.items()}, wrong))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
