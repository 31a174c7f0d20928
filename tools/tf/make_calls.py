#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_calls.py [FOLDER]: writes tests/models/dispatch and tests/models/calls: models, and what TensorFlow answers to calls of
their functions: cases.json in the zoo's format (tests/zoo/README.md).

dispatch has one function for each way in which TensorFlow's loader chooses among traces, and signatures; calls has nested input
signatures, composite tensors, *args and **kwargs. Two things are changed in the recorded messages, because TensorFlow prints
them in a random order or with a random number: the keyword arguments of options are sorted, and messages that carry the
loader's numbers count by their type alone. The models are small and their weights are written out, so nothing is random."""
import collections
import json
import os
import re
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

Pair = collections.namedtuple("Pair", "a b")


def spec(*shape, dtype=tf.float32, name=None):
    return tf.TensorSpec(list(shape), dtype, name=name)


class Dispatch(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([[1.0], [2.0]])

    @tf.function
    def __call__(self, x, training=False, scale=1.0, mask=None):
        y = tf.matmul(x, self.w) * scale
        return y + 100.0 if training else y

    @tf.function
    def one(self, x):
        return x * 2

    @tf.function(input_signature=[spec(None, 2)])
    def sig(self, x):
        return tf.matmul(x, self.w)

    @tf.function(input_signature=[spec(None, 2, name="a"), spec(dtype=tf.int32, name="k")])
    def sig2(self, a, k=3):
        return tf.matmul(a, self.w) * tf.cast(k, tf.float32)

    @tf.function
    def nest(self, d, pair, *, flag, name="n"):
        return {"z": d["a"], "a": (pair[0], [pair[1]])}

    @tf.function
    def var(self, *args, **kw):
        return args[0] + kw["k"]

    @tf.function
    def lit(self, x, n):
        return x + float(n)

    @tf.function
    def none(self, x):
        return None

    @tf.function
    def rag(self, r):
        return r + 1

    @tf.function(reduce_retracing=True)
    def relax(self, x):
        return tf.reduce_sum(x)

    @tf.function
    def untraced(self, x):
        return x


def dispatch_model(folder):
    p = Dispatch()
    c = p.__call__.get_concrete_function
    c(spec(None, 2, name="x")), c(spec(None, 2, name="x"), training=True), c(spec(None, 2, name="x"), scale=2.0)
    p.one(tf.constant(1.0)), p.one(tf.constant(1)), p.one.get_concrete_function(spec(None))
    p.sig.get_concrete_function(), p.sig2.get_concrete_function()
    p.nest({"a": tf.constant(1.0), "b": tf.constant(2.0)}, (tf.constant(1), tf.constant("s")), flag=True)
    p.var(tf.constant(1.0), tf.constant(2.0), k=tf.constant(3.0))
    p.lit(tf.constant(1.0), 1), p.lit(tf.constant(1.0), 2.5), p.lit(tf.constant(1.0), "7")
    p.none(tf.constant(1.0)), p.rag(tf.ragged.constant([[1, 2], [3]]))
    p.relax(tf.zeros([2])), p.relax(tf.zeros([3])), p.relax(tf.zeros([4, 4])), p.relax(tf.zeros([5, 5]))
    tf.saved_model.save(p, folder, signatures={"serving_default": p.sig, "two": p.sig2})


def dispatch_calls(m):
    """(path, args, kwargs) of every call."""
    t = tf.constant
    f22 = t([[1.0, 2.0]])
    d, pair = {"a": t(1.0), "b": t(2.0)}, (t(1), t("s"))
    call = lambda *a, **k: ("__call__", a, k)
    on = lambda path: lambda *a, **k: (path, a, k)
    one, sig, sig2, nest, var, lit, relax = map(on, ["one", "sig", "sig2", "nest", "var", "lit", "relax"])
    s, s2 = on("signatures.serving_default"), on("signatures.two")
    return [
        call([[1.0, 2.0]]), call([[1, 2]]), call(np.float32([[1, 2]])), call(np.float64([[1, 2]])), call(np.int64([[1, 2]])),
        call(f22), call(t([[1, 2]])), call(x=f22), call(training=False, x=f22), call(f22, training=True), call(f22, True),
        call(f22, 1), call(f22, 1.0), call(f22, 0), call(f22, np.True_), call(f22, t(True)), call(f22, None), call(f22, scale=2),
        call(f22, scale=3.0), call(f22, mask=t([True])), call(t([[1.0, 2.0, 3.0]])), call(t([1.0, 2.0])), call(),
        call(f22, False, 1.0, None, 5), call(f22, foo=1), call(f22, x=f22), call("abc"), call(None), call([[1.0], [1.0, 2.0]]),
        one(1.0), one(3), one(True), one(np.float64(1)), one(np.int32(4)), one([1.0, 2.0]), one([1, 2]), one(t([1, 2])),
        one(t([[1.0]])),
        sig([[1, 2]]), sig(np.float64([[1, 2]])), sig(t([[1, 2]])), sig(t([[1, 2]], tf.float64)), sig(t([[1.0, 2.0, 3.0]])), sig(),
        sig(f22, f22), sig(y=f22), sig2(f22), sig2(f22, 5), sig2(a=f22, k=5), sig2(f22, 5.5),
        nest(d, pair, flag=True), nest(d, pair, flag=True, name="n"), nest({"a": 1.0, "b": 2}, (1, "s"), flag=True),
        nest(d, list(pair), flag=True), nest(collections.OrderedDict([("b", 2.0), ("a", 1.0)]), pair, flag=True),
        nest({"a": 1.0}, pair, flag=True), nest(dict(d, c=1.0), pair, flag=True), nest(d, pair), nest(d, pair, flag=False),
        var(1.0, 2.0, k=3.0), var(1.0, k=3.0), var(1.0, 2.0, q=3.0),
        lit(1.0, 1), lit(1.0, True), lit(1.0, 1.0), lit(1.0, 2.5), lit(1.0, "7"), lit(1.0, 3), lit(1.0, np.int64(1)), lit(1.0, t(1)),
        on("none")(1.0), on("rag")(tf.ragged.constant([[5], [6, 7]])), on("rag")(t([[5], [6]])),
        on("rag")(tf.ragged.constant([[5], [6, 7], [1]])),
        relax(tf.zeros([9])), relax(tf.zeros([9, 9])), relax(tf.zeros([9, 8])), relax(m.w), one(m.w), on("untraced")(1.0),
        s(x=f22), s(f22), s(x=[[1.0, 2.0]]), s(x=np.float64([[1, 2]])), s(), s(y=f22), s(x=f22, y=f22), s(f22, f22), s(x=t([[1, 2]])),
        s(x=t([[1.0, 2.0, 3.0]])), s(x=t([1.0, 2.0])), s(x="abc"), s(x=None),
        s2(a=f22, k=t(2)), s2(a=f22), s2(f22, t(2)), s2(f22, k=t(2)), s2(a=f22, k=2),
    ]


class Calls(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable([1.0, 2.0], name="v")

    @tf.function
    def any(self, x):
        return x

    @tf.function(input_signature=[tf.SparseTensorSpec([None, 3], tf.float32)])
    def sparse(self, x):
        return x

    @tf.function
    def sparse_traced(self, x):
        return x

    @tf.function(input_signature=[[spec(), spec()], (spec(),)])
    def lists(self, x, y):
        return x[0] + y[0]

    @tf.function(input_signature=[Pair(spec(), spec())])
    def named(self, x):
        return x

    @tf.function(input_signature=[spec()])
    def defaults(self, x, t=True, n=None):
        return x

    @tf.function(input_signature=[spec()] * 2)
    def star(self, *args):
        return args[0]

    @tf.function
    def stars(self, a, *, b=1, **k):
        return a

    @tf.function
    def tensor_default(self, x, y=tf.constant([1.0, 2.0])):
        return x + y

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32), tf.RaggedTensorSpec([None, None, None], tf.int32)])
    def ragged(self, a, b):
        return {"a": a * 2.0, "b": b}

    @tf.function(input_signature=[spec()])
    def add(self, x):
        return self.v.assign_add([x, x])


def calls_model(folder):
    p = Calls()
    p.any.get_concrete_function(spec(3, dtype=tf.int32)), p.any(Pair(tf.constant(1), tf.constant(2)))
    p.stars(tf.constant(1.0), q=tf.constant(2.0))
    p.sparse_traced(tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]]))
    p.tensor_default(tf.constant([1.0, 1.0]))
    for f in (p.defaults, p.lists, p.named, p.star, p.sparse, p.ragged, p.add):
        f.get_concrete_function()
    tf.saved_model.save(p, folder)


def calls_calls(m):
    t = tf.constant
    r, s = tf.ragged.constant, tf.sparse.from_dense
    on = lambda path: lambda *a, **k: (path, a, k)
    any_, sparse, lists, named, defaults = map(on, ["any", "sparse", "lists", "named", "defaults"])
    star, stars, default, ragged, traced, add = map(on, ["star", "stars", "tensor_default", "ragged", "sparse_traced", "add"])
    row, r1, r2 = s([[1.0, 0.0, 0.0]]), r([[1.0, 2.0], [], [3.5]]), r([[[1, 2], [3]], [], [[], [4, 5, 6]]])
    return [
        any_(m.v), any_(row), any_(r([[b"a"], []])), any_(r2), any_(Pair(t(1), 2)), any_(Pair(t(1), t(2))),
        any_(collections.OrderedDict([("b", t(1)), ("a", np.float32(1))])), any_({"k%d" % i: [t(i)] * 3 for i in range(3)}),
        any_(b"ab"), any_(np.array([b"a"])), any_([t(1), t(2), 3]), any_([t(1.5), t(2), t(1)]), any_([1, 2, 3]), any_((1, 2, 3)),
        any_((1,)), any_([1, 2, 2.5]), any_([True, False, True]), any_([[1], [2], [3]]), any_({}), any_([]), any_(()), any_("it's"),
        any_("a long text with words " * 6), any_("lines\n" * 3 + "and more of them, " * 6), any_("x" * 90), any_(["words " * 20, 1]),
        sparse(t([[1.0, 0, 0]])), sparse(s([[1.0, 0.0]])), sparse(s([[1, 0, 2]])), sparse(row), sparse(1),
        lists((1.0, 2.0), (1.0,)), lists([1.0], (1.0,)), lists([1.0, 2.0], (1.0,)), lists([1.0, 2.0], (1.0, 2.0)),
        lists([1.0, 2.0], 3.0), lists([1.0, "a"], (1.0,)), lists([t(1.0), t(2)], (1.0,)), lists([np.float64(1), 2], (True,)),
        named(Pair(1.0, 2.0)), named((1.0, 2.0)), named({"a": 1.0, "b": 2.0}),
        defaults(1.0), defaults(1.0, False), defaults(1.0, 1, None), defaults(1.0, True, t(1)), defaults([1.0]), defaults([[1], [2, 3]]),
        defaults(["a", 1]), defaults({"a": 1}), defaults([None]), defaults(True), defaults(b"x"),
        star(1.0, 2.0), star(1.0), star(1.0, 2.0, 3.0), stars(1.0), stars(1.0, q=2.0), stars(1.0, z=2.0, q=np.float32(3), b=t(1)),
        stars(1.0, 2, 3), traced(row), traced(s([[1.0, 0.0], [0.0, 2.0]])), traced(1.0),
        default(t([5.0, 5.0])), default(t([5.0, 5.0]), t([1.0, 1.0])), default(t([5.0, 5.0, 1.0])),
        ragged(r1, r2), ragged(r2, r1), ragged(t([[1.0, 1.0]]), r2), ragged(r1, r([[[1.0]]])), ragged(r1),
        add(1.0), add(2.5), add(t(1)),
        default(x=t([[1.5, 2.25, 1e-9]] * 2), s=row, r=r1, n=np.int64(3), m=np.float32([1, 2]), b=t(True), st=t("x"), v=m.v,
                e=tf.zeros([0, 2]), i8=t([1, 2], tf.int8), bf=t([1.5], tf.bfloat16), big=tf.range(30), z=tf.zeros([2, 2, 2]),
                o=[1, (2.0,), "q\n", None, b"\x00"], h=t(0.1), c=t(1 + 2j), l=tf.range(1001)),
    ]


class Recorder:
    """Values as JSON and arrays, as tests/zoo reads them."""

    def __init__(self, model):
        self.arrays, self.dtypes, self.model = {}, {}, model

    def array(self, v, key):
        a = v.numpy() if isinstance(v, tf.Tensor) else v
        dtype = v.dtype if isinstance(v, tf.Tensor) else tf.as_dtype(a.dtype)
        a = np.asarray(a)
        if dtype == tf.string:
            items = [x if isinstance(x, bytes) else str(x).encode() for x in a.reshape(-1)]
            self.dtypes[key] = "string"
            self.arrays[key + "#len"] = np.array([len(x) for x in items], np.int64).reshape(a.shape)
            a = np.array(items, "S%d" % max([1] + [len(x) for x in items])).reshape(a.shape)
        elif dtype == tf.bfloat16:
            self.dtypes[key], a = "bfloat16", a.view(np.uint16)
        self.arrays[key] = a
        return key

    def value(self, v, key):
        each = lambda items: [self.value(x, "%s.%d" % (key, i)) for i, x in enumerate(items)]
        named = lambda d: {k: self.value(x, "%s.%s" % (key, k)) for k, x in d.items()}
        if isinstance(v, tf.RaggedTensor):
            splits = [self.array(x, "%s.splits%d" % (key, i)) for i, x in enumerate(v.nested_row_splits)]
            return {"ragged": {"flat_values": self.array(v.flat_values, key + ".flat"), "row_splits": splits}}
        if isinstance(v, tf.SparseTensor):
            return {"sparse": {p: self.array(getattr(v, p), key + "." + p) for p in ("indices", "values", "dense_shape")}}
        if isinstance(v, tf.Variable):
            return {"variable": next(k for k in ("w", "v") if getattr(self.model, k, None) is v)}
        if isinstance(v, tf.Tensor):
            return {"tensor": self.array(v, key)}
        if isinstance(v, (np.ndarray, np.generic)):
            return {"numpy": self.array(v, key)}
        if isinstance(v, tuple) and hasattr(v, "_fields"):
            return {"namedtuple": named(v._asdict()), "name": type(v).__name__}
        if isinstance(v, (list, tuple)):
            return {"list" if isinstance(v, list) else "tuple": each(v)}
        if isinstance(v, dict):
            return {"ordereddict" if isinstance(v, collections.OrderedDict) else "dict": named(v)}
        if isinstance(v, bytes):
            return {"bytes": v.hex()}
        return {"py": v}


def sorted_options(text):
    """Options with their keyword arguments in order: a list of 'key': value pairs whose values have no brackets in conflict."""
    def order(match):
        pairs = re.findall(r"'\w+': (?:TensorSpec\([^\n]*?\)(?=, '|\Z)|[^,]+)", match.group(1))
        return "Keyword arguments: {%s}" % ", ".join(sorted(pairs))
    head, *options = re.split(r"(?=Option \d+:)", text)
    return head + "".join(re.sub(r"Keyword arguments: \{(.*)\}", order, o) for o in options)


def record(folder, name, make, calls):
    target = os.path.join(folder, name)
    shutil.rmtree(target, ignore_errors=True)
    make(os.path.join(target, "saved_model"))
    m = tf.saved_model.load(os.path.join(target, "saved_model"))
    r, steps = Recorder(m), []
    for i, (path, args, kwargs) in enumerate(calls(m)):
        step = {"op": "call", "path": path, "args": [r.value(a, "in:%d.%d" % (i, k)) for k, a in enumerate(args)],
                "kwargs": {k: r.value(a, "in:%d.%s" % (i, k)) for k, a in kwargs.items()}}
        f = m
        for part in path.split("."):
            f = f[part] if hasattr(f, "keys") else getattr(f, part)
        try:
            step["returns"] = r.value(f(*args, **kwargs), "out:%d" % i)
        except Exception as e:
            text = sorted_options(str(e))
            match = "exact" if not re.search(r"Op:__|Graph execution", text) else "type" if "cannot compute" in text else "any"
            step["error"] = {"type": type(e).__name__, "message": re.sub(r"(__inference_\w*?)_\d+", r"\1_UID", text), "match": match}
        steps.append(step)
    case = {"name": "calls", "kind": "function", "tags": "serve", "inputs": "calls.npz", "rtol": 1e-6, "atol": 1e-6,
            "dtypes": r.dtypes, "steps": steps}
    np.savez_compressed(os.path.join(target, "calls.npz"), **r.arrays)
    with open(os.path.join(target, "cases.json"), "w") as f:
        f.write(json.dumps({"model": name, "tensorflow": tf.__version__, "cases": [case]}, indent=1) + "\n")
    os.remove(os.path.join(target, "saved_model", "fingerprint.pb"))
    shutil.rmtree(os.path.join(target, "saved_model", "assets"), ignore_errors=True)
    print(name, len(steps), "calls", sum("error" in s for s in steps), "errors")


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../tests/models")
    record(where, "dispatch", dispatch_model, dispatch_calls)
    record(where, "calls", calls_model, calls_calls)
