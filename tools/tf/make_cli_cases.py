#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the cases that tests/cli/values_test.c replays, as numpy and Python answer them.

  make_cli_cases.py [--check PROGRAM COUNT SEED]

Without arguments: tests/data/{numpy_text,expressions,pickles}/cases.txt. With --check: COUNT fresh random arrays are put
through PROGRAM (the values_test of a build) and compared with numpy, without writing anything but a temporary file.
Needs numpy 2.4 and ml_dtypes, as TensorFlow 2.21 brings them.

A case is one line saying what goes in, then the expected text, each line of it after a "|":
  numpy_text   DTYPE-NUMBER SHAPE HEX          SHAPE is 2x3 or "-"; strings are a 4-byte length and bytes, one after the other;
               DTYPE-NUMBER SHAPE arange:STEP  element i is i * STEP
  expressions  the expression                  the answer is "dtype shape", then the text
  pickles      HEX                             the same
"""
import os
import pickle
import random
import struct
import subprocess
import sys
import tempfile
import warnings

import ml_dtypes
import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NUMBER = dict(float32=1, float64=2, int32=3, uint8=4, int16=5, int8=6, complex64=8, int64=9, bool=10, bfloat16=14, uint16=17,
              complex128=18, float16=19, uint32=22, uint64=23, float8_e5m2=24, float8_e4m3fn=25, float8_e4m3fnuz=26,
              float8_e4m3b11fnuz=27, float8_e5m2fnuz=28, int4=29, uint4=30, float4_e2m1fn=33)
QUANTISED = {"qint8": (11, np.int8), "quint8": (12, np.uint8), "qint32": (13, np.int32), "qint16": (15, np.int16), "quint16": (16, np.uint16)}
NARROW = [k for k in NUMBER if "float8" in k or "float4" in k or k in ("int4", "uint4")]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.g = np.random.default_rng(seed)

    def shape(self):
        r, c = self.r.random(), self.r.choice
        if r < 0.08:
            return ()
        if r < 0.5:
            return (c([0, 1, 1, 2, 3, 5, 8, 20, 50, 100]) if self.r.random() < 0.95 else c([1000, 1001, 1200]),)
        if r < 0.8:
            return tuple(c([1, 2, 3, 4, 6, 7, 9, 20]) for _ in range(2))
        if r < 0.83:
            return (c([7, 30, 400]), c([3, 6, 7, 40])) + ((c([1, 5, 8]),) if self.r.random() < 0.5 else ())
        return tuple(c([1, 1, 2, 3, 4, 7]) for _ in range(c([3, 3, 4, 5])))

    def reals(self, n, dtype):
        g, r, k = self.g, self.r, self.r.randrange(12)
        if dtype in ("float16", "float32", "float64") and k < 2:
            bits = {"float16": np.uint16, "float32": np.uint32, "float64": np.uint64}[dtype]
            v = g.integers(0, np.iinfo(bits).max, n, dtype=bits, endpoint=True).view(dtype)
        else:
            v = [lambda: g.integers(-100, 100, n).astype(float), lambda: g.normal(size=n) * 10.0 ** r.randint(-6, 9),
                 lambda: g.random(n), lambda: np.round(g.normal(size=n) * 100, r.randint(0, 5)),
                 lambda: 10.0 ** g.integers(-5, 9, n) * r.choice([1, 1, 3, -1]), lambda: 2.0 ** g.integers(-30, 30, n),
                 lambda: np.where(g.random(n) < 0.5, 0.0, g.normal(size=n)), lambda: g.normal(size=n) * 10.0 ** g.uniform(-4, 3.2, n),
                 lambda: np.round(g.random(n), 8) + g.integers(0, 5, n),
                 lambda: np.linspace(r.uniform(-5, 5), r.uniform(-5, 2000), n)][k % 10]()
        v = np.array(v) if v.dtype == np.dtype(dtype if dtype in np.sctypeDict else "float64") else np.array(v, np.float64)
        if r.random() < 0.2 and n:
            v[g.integers(0, n, max(1, n // 4))] = r.choice([np.nan, np.inf, -np.inf, -0.0, 0.0])
        if r.random() < 0.1 and n:
            v[:] = r.choice([np.nan, np.inf, -np.inf, -0.0])
        return v

    def strings(self, shape, n):
        alphabet = self.r.choice([b"abc", b"xyz 01", bytes(range(256)), b"'\"\\\n\t"])
        items = [bytes(self.r.choice(alphabet) for _ in range(self.r.randrange(self.r.choice([1, 5, 12, 90])))) for _ in range(n)]
        a = np.empty(n, object)
        a[:] = items
        return 7, shape, b"".join(struct.pack("<i", len(x)) + x for x in items), str(a.reshape(shape)) if shape else str(items[0])

    def integers(self, dtype, n):
        i, k = np.iinfo(dtype), self.r.randrange(3)
        if k == 0:
            return self.g.integers(i.min, i.max, n, dtype=dtype, endpoint=True)
        a = self.g.integers(0, min(i.max, self.r.choice([5, 120, 2000])), n).astype(dtype)
        return -a if k == 2 and i.min < 0 else a

    def array(self, dtype, n):
        if dtype == "bool":
            return self.g.random(n) < 0.5
        if dtype in ("int4", "uint4"):
            low = -8 if dtype == "int4" else 0
            return self.g.integers(low, low + 16, n).astype(np.int8).astype(getattr(ml_dtypes, dtype))
        if dtype in NARROW:
            return self.g.integers(0, 16 if "float4" in dtype else 256, n).astype(np.uint8).view(getattr(ml_dtypes, dtype))
        if dtype == "bfloat16":
            return self.reals(n, dtype).astype(ml_dtypes.bfloat16)
        if "complex" in dtype:
            part = "float32" if dtype == "complex64" else "float64"
            a = np.empty(n, dtype)
            a.real, a.imag = self.reals(n, part).astype(part), self.reals(n, part).astype(part)
            return a
        return self.integers(dtype, n) if "int" in dtype else self.reals(n, dtype).astype(dtype)

    def case(self):
        dtype = self.r.choice(["float32"] * 6 + ["float64"] * 5 + ["float16"] * 5 + ["complex64"] + ["complex128"] * 2
                              + ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bfloat16"]
                              + ["string"] * 2 + ["quantised"] + NARROW[self.r.randrange(len(NARROW)):][:1])
        shape = self.shape()
        n = int(np.prod(shape)) if shape else 1
        if dtype == "string":
            return self.strings(shape, n)
        if dtype == "quantised":
            name = self.r.choice(list(QUANTISED))
            number, base = QUANTISED[name]
            i = np.iinfo(base)
            a = self.g.integers(i.min, i.max, n, dtype=base, endpoint=True).reshape(shape)
            text = str(a.view(np.dtype([(name, base)]))) if shape else str(np.array((a[()],), np.dtype([(name, base)]))[()])
            return number, shape, a.tobytes(), text
        a = self.array(dtype, n).reshape(shape)
        return NUMBER[dtype], shape, a.tobytes(), str(a) if shape else str(a[()])


def marked(text):
    return "".join("|" + line + "\n" for line in text.split("\n"))


def numpy_line(number, shape, body):
    return "%d %s %s\n" % (number, "x".join(map(str, shape)) or "-", body.hex() or "-")


def numpy_cases(seed, count, limit=10 ** 9):
    m = Maker(seed)
    for _ in range(count):
        number, shape, body, text = m.case()
        if len(body) <= limit and len(text) <= 2 * limit:
            yield numpy_line(number, shape, body) + marked(text)


def large_cases():
    for name, shape, step in (("float32", (2000,), 1 / 7), ("int32", (2000,), 1), ("float64", (40, 40), 0.5), ("int64", (7, 200), 3),
                              ("float32", (300, 2, 4), 1 / 3), ("float16", (1001,), 0.25), ("int32", (6, 6, 30), 1), ("bool", (1100,), 1),
                              ("float64", (10, 10, 11), 1e-7), ("int8", (1001,), 1), ("complex64", (1001,), 0.5), ("float32", (7, 7, 7, 7), 1)):
        a = (np.arange(int(np.prod(shape))) * np.float64(step)).astype(name).reshape(shape)
        yield "%d %s arange:%r\n" % (NUMBER[name], "x".join(map(str, shape)), step) + marked(str(a))


def described(v):
    """dtype, shape and text of what np.asarray makes of v; strings as TensorFlow gets them."""
    a = np.asarray(v)
    if a.dtype == object:
        return "object %s" % (a.shape,)
    if a.dtype.kind in "US":
        items = [x.encode() if isinstance(x, str) else bytes(x) for x in a.ravel().tolist()]
        b = np.empty(len(items), object)
        b[:] = items
        return "string %s\n%s" % (a.shape, b.reshape(a.shape) if a.shape else items[0])
    return "%s %s\n%s" % (a.dtype.name, a.shape, a if a.shape else a[()])


EXPRESSIONS = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "expressions.txt"), encoding="utf-8").read().splitlines()


def expression_cases():
    for e in EXPRESSIONS:
        if not e or e.startswith("# "):
            continue
        if e.startswith("! "):                   # refused here; Python may not be asked
            yield e[2:] + "\n|!\n"
            continue
        yield e + "\n" + marked(described(eval(e, {"np": np})))


def pickle_cases():
    values = [np.array([7.0, 8.0], np.float32), np.arange(6).reshape(2, 3), np.array(5), np.float32(3), np.array([[1, 2], [3, 4]], order="F"),
              np.array([1, 2], ">i4"), np.array(["a", "bcd"]), np.array([b"xy", b"z"]), np.array([True, False]), np.array([1 + 2j]),
              np.array(["hello", "zzz"], object), np.array([1, 2], ml_dtypes.bfloat16), np.zeros((2, 0)), [1, 2.5], (1, 2), [[1], [2]], 3, -2.5,
              "text", b"bytes", None, True, 2 ** 40, -2 ** 63, [10 ** 30], 1 + 2j, [True, 2], np.int64(-3), np.array([1.5, -2], np.float16)]
    for v in values:
        for protocol in (0, 1, 2, 3, 4, 5):
            yield pickle.dumps(v, protocol).hex() + "\n" + marked(described(v))
    for bad in (b"cos\nsystem\n(S'echo'\ntR.", b"cbuiltins\neval\n(V1\ntR.", b"", b"\x80\x04", b"(lp0\ng0\na.", b"]q\x00h\x00a.", b"N", b"R.", b"a.",
                b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", b"cnumpy\ndtype\n(V'+\ntR."):
        yield bad.hex() + "\n|!\n"


def write(name, cases):
    path = os.path.join(ROOT, "tests", "data", name, "cases.txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    cases = list(cases)
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(cases)
    print("%s: %d cases, %d bytes" % (name, len(cases), os.path.getsize(path)))


def main():
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--check"]:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
            f.writelines(numpy_cases(int(sys.argv[4]), int(sys.argv[3])))
            f.flush()
            return subprocess.run([sys.argv[2], "numpy_text", f.name]).returncode
    write("numpy_text", list(numpy_cases(77, 1050, 500)) + list(large_cases()))
    write("expressions", expression_cases())
    write("pickles", pickle_cases())
    return 0


if __name__ == "__main__":
    sys.exit(main())
