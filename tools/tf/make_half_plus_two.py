#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_half_plus_two.py [OUTDIR]: the smallest model worth calling, y = x / 2 + 2, with its constants as variables."""
import os
import shutil
import sys

import tensorflow as tf

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../examples/half_plus_two")


class HalfPlusTwo(tf.Module):
    def __init__(self):
        super().__init__()
        self.a = tf.Variable(0.5, name="a")
        self.b = tf.Variable(2.0, name="b")

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
    def predict(self, x):
        return {"y": self.a * x + self.b}


saved = os.path.join(OUT, "saved_model")
shutil.rmtree(saved, ignore_errors=True)
model = HalfPlusTwo()
tf.saved_model.save(model, saved, signatures={"serving_default": model.predict})
