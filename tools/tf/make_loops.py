#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_loops.py [OUTDIR]: tests/models/loops, a model of TensorFlow 1 whose signatures are loops and conditionals built of
Enter, Switch, Merge, NextIteration and Exit, each with what TensorFlow answers.

A function below is a signature: it builds its part of the graph and returns inputs, outputs, and the calls to make."""
import os
import shutil
import sys

import numpy as np
import tensorflow as tf

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/models")
v1 = tf.compat.v1
f32, i32 = tf.float32, tf.int32


def place(dtype, shape):
    return v1.placeholder(dtype, shape)


def numbers(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


class Cell:
    """What dynamic_rnn asks of a cell. (Those of Keras are gone.)"""

    def __init__(self, inputs, units, resource, gated=False):
        self.output_size, self.gated = units, gated
        self.state_size = (units, units) if gated else units
        self.w = v1.get_variable("w", [inputs + units, units * (4 if gated else 1)], use_resource=resource,
                                 initializer=v1.random_uniform_initializer(-0.5, 0.5, seed=inputs))

    def zero_state(self, batch, dtype):
        return tf.nest.map_structure(lambda n: tf.zeros([batch, n], dtype), self.state_size)

    def __call__(self, x, state, scope=None):
        c, h = state if self.gated else (None, state)
        z = tf.matmul(tf.concat([x, h], 1), self.w)
        if not self.gated:
            y = tf.tanh(z)
            return y, y
        i, j, f, o = tf.split(z, 4, 1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        return h, (c, h)


def count():
    n = place(i32, [])
    i, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 2.0), [0, 1.0])
    return {"n": n}, {"i": i, "y": y}, [{"n": np.int32(5)}, {"n": np.int32(0)}]


def nested():
    n = place(i32, [])

    def outer(i, s):
        _, t = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + i * j), [0, s])
        return i + 1, t + 1
    i, s = tf.while_loop(lambda i, s: i < n, outer, [0, 0])
    return {"n": n}, {"s": s}, [{"n": np.int32(6)}, {"n": np.int32(1)}]


def three_deep():
    n = place(i32, [])

    def loop(limit, start, body):
        return tf.while_loop(lambda i, s: i < limit, lambda i, s: (i + 1, body(i, s)), [0, start])[1]
    s = loop(n, 0, lambda i, s: loop(i, s, lambda j, t: loop(j, t, lambda k, u: u + i * j + k + n)))
    return {"n": n}, {"s": s}, [{"n": np.int32(5)}]


def loop_in_condition():
    x = place(f32, [None])

    def cond(i, x):
        return tf.reduce_sum(tf.while_loop(lambda j, t: j < 3, lambda j, t: (j + 1, t * 0.5), [0, x])[1]) > 0.25
    i, y = tf.while_loop(cond, lambda i, x: (i + 1, x * 0.75), [0, x])
    return {"x": x}, {"i": i, "y": y}, [{"x": np.array([3, 4, 5], np.float32)}]


def branch_in_loop():
    n = place(i32, [])
    k = place(f32, [2])

    def body(i, s):
        return i + 1, v1.cond(tf.equal(i % 2, 0), lambda: s + k, lambda: v1.cond(i > 3, lambda: s * k, lambda: s - tf.cast(i, f32)))
    _, s = tf.while_loop(lambda i, s: i < n, body, [0, np.array([1.0, 2.0], np.float32)])
    return {"n": n, "k": k}, {"s": s}, [{"n": np.int32(7), "k": np.array([0.5, 2], np.float32)}]


def loop_in_branch():
    n = place(i32, [])
    one = tf.constant(1)
    s = v1.cond(n > 3, lambda: tf.while_loop(lambda i, s: i < n, lambda i, s: (i + one, s + i), [0, 0])[1], lambda: n * 100)
    return {"n": n}, {"s": s}, [{"n": np.int32(6)}, {"n": np.int32(2)}]


def arrays():
    x = place(f32, [None, 3])
    n = tf.shape(x)[0]
    xs = tf.TensorArray(f32, size=0, dynamic_size=True, clear_after_read=False).unstack(x)
    ys = tf.TensorArray(f32, size=n, element_shape=[3])
    zs = tf.TensorArray(f32, size=0, dynamic_size=True, infer_shape=False)

    def body(i, s, ys, zs):
        s = s + xs.read(i)
        return i + 1, s, ys.write(i, s), zs.write(i, tf.fill([i + 1, 2], s[0]))
    _, s, ys, zs = tf.while_loop(lambda i, *_: i < n, body, [0, tf.zeros([3]), ys, zs])
    return {"x": x}, {"s": s, "ys": ys.stack(), "zs": zs.concat(), "size": zs.size(), "one": xs.gather([1, 0])}, [{"x": numbers(4, 3)}]


def split():
    x = place(f32, [None, 2])
    parts = tf.TensorArray(f32, size=3, infer_shape=False).split(x, [2, 0, 3])
    _, total = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, t + tf.ensure_shape(tf.reduce_sum(parts.read(i), axis=0), [2])), [0, tf.zeros([2])])
    some = tf.TensorArray(f32, size=4, element_shape=[2]).scatter([3, 0], x[:2])
    return {"x": x}, {"total": total, "some": some.gather([0, 3])}, [{"x": numbers(5, 2)}]


def recurrent():
    x = place(f32, [None, None, 4])
    length = place(i32, [None])
    with v1.variable_scope("recurrent"):
        y, state = v1.nn.dynamic_rnn(Cell(4, 3, False), x, sequence_length=length, dtype=f32)
    return {"x": x, "length": length}, {"y": y, "state": state}, [
        {"x": numbers(2, 5, 4), "length": np.array([5, 3], np.int32)}, {"x": numbers(1, 2, 4), "length": np.array([1], np.int32)}]


def lstm():
    x = place(f32, [None, 6, 4])
    with v1.variable_scope("lstm"):
        y, state = v1.nn.dynamic_rnn(Cell(4, 5, True, gated=True), x, dtype=f32)
    return {"x": x}, {"y": y, "c": state[0], "h": state[1]}, [{"x": numbers(3, 6, 4)}]


def mapped():
    x = place(f32, [None, 3])
    y = tf.map_fn(lambda r: r * tf.reduce_max(r), x)
    z = tf.map_fn(lambda r: tf.cast(tf.argmax(r), i32), x, dtype=i32)
    s = tf.scan(lambda a, r: a + r, x)
    f = tf.foldl(lambda a, r: a * 0.5 + tf.reduce_sum(r), x, initializer=1.0)
    return {"x": x}, {"y": y, "z": z, "s": s, "f": f}, [{"x": numbers(5, 3)}]


def growing():
    n = place(i32, [])
    _, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.concat([y, [tf.cast(i, f32)]], 0)), [0, tf.zeros([1])],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])
    return {"n": n}, {"y": y}, [{"n": np.int32(7)}]


def effects():
    """A reference and a resource that change in a loop, in an order that control edges state."""
    n = place(i32, [])
    a = v1.get_variable("a", initializer=np.int32(1), use_resource=False)
    b = v1.get_variable("b", initializer=np.int32(10), use_resource=True)

    def body(i, s):
        added = v1.assign_add(a, i)
        with tf.control_dependencies([v1.assign(b, tf.identity(b) * 2 + added)]):
            return i + 1, s + b.read_value()
    _, s = tf.while_loop(lambda i, s: i < n, body, [0, 0], parallel_iterations=1)
    with tf.control_dependencies([s]):
        after = b.read_value()
        last = v1.assign_add(a, 0)
    return {"n": n}, {"s": s, "a": last, "b": after}, [{"n": np.int32(4)}]


def effect_in_condition():
    n = place(i32, [])
    c = v1.get_variable("calls", initializer=np.int32(0), use_resource=True)

    def cond(i):
        with tf.control_dependencies([c.assign_add(1)]):
            return tf.identity(i) < n
    i = tf.while_loop(cond, lambda i: i + 1, [0])
    i = i[0] if isinstance(i, (list, tuple)) else i
    with tf.control_dependencies([i]):
        calls = c.read_value()
    return {"n": n}, {"i": i, "calls": calls}, [{"n": np.int32(3)}]


def checked():
    n = place(i32, [])

    def body(i):
        with tf.control_dependencies([v1.assert_less(i, 100, message="too far")]):
            return [i + 3]
    i = tf.while_loop(lambda i: i < n, body, [0])
    with tf.control_dependencies([v1.assert_non_negative(n)]):
        out = tf.identity(i)
    return {"n": n}, {"i": out}, [{"n": np.int32(10)}]


def two_frames():
    """Loops one after the other, several values that do not change, and a result that nobody asks for."""
    x = place(f32, [2])
    w = v1.get_variable("w", initializer=np.array([[1.0, 0.5], [-0.5, 1.0]], np.float32), use_resource=False)
    k = tf.constant(0.25)

    def body(i, v, unused):
        return i + 1, tf.linalg.matvec(w, v) * k + x, unused + 1.0
    _, a, _ = tf.while_loop(lambda i, v, u: i < 3, body, [0, x, 0.0])
    _, b, _ = tf.while_loop(lambda i, v, u: tf.reduce_sum(v) < 20.0, lambda i, v, u: (i + 1, v + tf.abs(a), u), [0, a, 0.0])
    return {"x": x}, {"a": a, "b": b}, [{"x": np.array([1, 2], np.float32)}]


def gradient():
    """The derivative of a loop: stacks that the first loop fills and the second empties."""
    x = place(f32, [])
    n = place(i32, [])
    _, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * y + x), [0, x])
    return {"x": x, "n": n}, {"y": y, "dx": v1.gradients(y, x)[0]}, [{"x": np.float32(0.5), "n": np.int32(3)}, {"x": np.float32(0.5), "n": np.int32(0)}]


def array_gradient():
    x = place(f32, [None, 2])
    y = tf.map_fn(lambda r: r * r * r, x)
    return {"x": x}, {"dx": v1.gradients(tf.reduce_sum(y), x)[0]}, [{"x": numbers(3, 2)}]


def text():
    n = place(i32, [])
    _, s = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, tf.strings.join([s, tf.as_string(i)], separator=",")), [0, "go"])
    return {"n": n}, {"s": s}, [{"n": np.int32(3)}]


SIGNATURES = [count, nested, three_deep, loop_in_condition, branch_in_loop, loop_in_branch, arrays, split, recurrent, lstm,
              mapped, growing, effects, effect_in_condition, checked, two_frames, gradient, array_gradient, text]


def case(path, key, i, inputs, outputs):
    arrays = {"in:" + k: np.asarray(v) for k, v in inputs.items()}
    arrays.update({"out:" + k: np.asarray(v) for k, v in outputs.items()})
    arrays = {k: np.asarray(v, "S") if v.dtype == object or v.dtype.kind == "S" else v for k, v in arrays.items()}
    np.savez(os.path.join(path, "serve.%s%s.npz" % (key, "_%d" % i if i else "")), **arrays)


def main():
    path = os.path.join(OUT, "loops")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    v1.disable_eager_execution()
    v1.disable_control_flow_v2()
    v1.set_random_seed(4)
    with v1.Graph().as_default(), v1.Session() as session:
        signatures, cases = {}, []
        for make in SIGNATURES:
            with v1.name_scope(make.__name__):
                inputs, outputs, calls = make()
            info = [{k: v1.saved_model.utils.build_tensor_info(t) for k, t in d.items()} for d in (inputs, outputs)]
            signatures[make.__name__] = v1.saved_model.signature_def_utils.build_signature_def(*info, "predict")
            cases += [(make.__name__, i, inputs, outputs, call) for i, call in enumerate(calls)]
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.builder.SavedModelBuilder(os.path.join(path, "saved_model"))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures, strip_default_attrs=True)
        builder.save()
        for key, i, inputs, outputs, call in cases:
            case(path, key, i, call, session.run(outputs, {inputs[k]: v for k, v in call.items()}))
    fingerprint = os.path.join(path, "saved_model", "fingerprint.pb")
    if os.path.exists(fingerprint):
        os.remove(fingerprint)


main()
