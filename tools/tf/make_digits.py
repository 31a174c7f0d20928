#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_digits.py [OUTDIR]: trains the classifier of examples/digits and exports it with tf.saved_model.save.

A small convolutional network on scikit-learn's bundled digits (8x8 grey pixels, 1,797 of them). The signature
serving_default takes PNG files as strings and does everything itself: decode, resize to 8x8, scale, classify.
Beside saved_model/ it writes NAME.png for ten digits of the test set, enlarged to 64x64, and results.json with what
TensorFlow answers for them. Needs tensorflow and scikit-learn; takes about half a minute."""
import json
import os
import shutil
import sys

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../examples/digits")
TRAIN = 1400                                     # the rest, 397 digits by other hands, is the test set


class Digits(tf.Module):
    """conv 3x3x16, relu, pool 2x2, conv 3x3x32, relu, dense 10."""

    def __init__(self):
        super().__init__(name="digits")
        init = tf.random_normal_initializer
        self.conv1 = tf.Variable(init(stddev=0.30)([3, 3, 1, 16]), name="conv1/kernel")
        self.bias1 = tf.Variable(tf.zeros([16]), name="conv1/bias")
        self.conv2 = tf.Variable(init(stddev=0.12)([3, 3, 16, 32]), name="conv2/kernel")
        self.bias2 = tf.Variable(tf.zeros([32]), name="conv2/bias")
        self.dense = tf.Variable(init(stddev=0.06)([4 * 4 * 32, 10]), name="dense/kernel")
        self.bias3 = tf.Variable(tf.zeros([10]), name="dense/bias")

    def logits(self, pixels):
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(pixels, self.conv1, 1, "SAME"), self.bias1))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, self.conv2, 1, "SAME"), self.bias2))
        return tf.matmul(tf.reshape(x, [-1, 4 * 4 * 32]), self.dense) + self.bias3

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="png")])
    def classify(self, png):
        def pixels(file):
            image = tf.cast(tf.io.decode_png(file, channels=1), tf.float32)
            return tf.ensure_shape(tf.image.resize(image, [8, 8]) / 255., [8, 8, 1])

        probabilities = tf.nn.softmax(self.logits(tf.map_fn(pixels, png, fn_output_signature=tf.float32)))
        return {"label": tf.argmax(probabilities, axis=1), "probabilities": probabilities}


def train(model, x, y, epochs=60, batch=50, rate=2e-3):
    """Adam, written out: the model needs no Keras."""
    m = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]
    s = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]

    @tf.function
    def step(bx, by, t, lr):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(by, model.logits(bx)))
        for v, a, b, g in zip(model.trainable_variables, m, s, tape.gradient(loss, model.trainable_variables)):
            a.assign(0.9 * a + 0.1 * g)
            b.assign(0.999 * b + 0.001 * g * g)
            v.assign_sub(lr * (a / (1 - 0.9 ** t)) / (tf.sqrt(b / (1 - 0.999 ** t)) + 1e-7) + lr * 1e-2 * v)

    rng, t = np.random.default_rng(1), 0
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for i in range(0, len(x), batch):
            t += 1
            # shift each batch by up to a pixel: digits are never centred quite alike
            dy, dx = (int(k) for k in rng.integers(-1, 2, 2))
            bx = np.roll(np.roll(x[order[i:i + batch]], dy, 1), dx, 2) if t % 2 else x[order[i:i + batch]]
            step(tf.constant(bx), tf.constant(y[order[i:i + batch]]), tf.constant(float(t)),
                 tf.constant(rate * (1 - epoch / epochs), tf.float32))


def enlarge(image):
    """The 8x8 pixels as a 64x64 PNG."""
    big = tf.image.resize(image[..., None] * (255. / 16), [64, 64], method="bicubic")
    return tf.io.encode_png(tf.cast(tf.clip_by_value(tf.round(big), 0, 255), tf.uint8)).numpy()


def main():
    tf.keras.utils.set_random_seed(7)
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)[..., None]
    y = digits.target.astype(np.int64)
    model = Digits()
    train(model, x[:TRAIN], y[:TRAIN])
    accuracy = float(np.mean(np.argmax(model.logits(x[TRAIN:]), 1) == y[TRAIN:]))
    pngs = [enlarge(image) for image in digits.images[TRAIN:]]
    answer = {k: v.numpy() for k, v in model.classify(tf.constant(pngs)).items()}
    accuracy_png = float(np.mean(answer["label"] == y[TRAIN:]))
    print("test accuracy %.4f, through enlarged PNGs %.4f" % (accuracy, accuracy_png))

    saved = os.path.join(OUT, "saved_model")
    shutil.rmtree(saved, ignore_errors=True)
    tf.saved_model.save(model, saved, signatures={"serving_default": model.classify})
    results = {"test_accuracy": round(accuracy, 4), "test_accuracy_png": round(accuracy_png, 4), "images": {}}
    for digit in range(10):
        k = int(np.flatnonzero(y[TRAIN:] == digit)[3])
        open(os.path.join(OUT, "%d.png" % digit), "wb").write(pngs[k])
        results["images"]["%d.png" % digit] = {
            "label": int(answer["label"][k]), "probabilities": [float("%.6g" % p) for p in answer["probabilities"][k]]}
    json.dump(results, open(os.path.join(OUT, "results.json"), "w"), indent=1)


main()
