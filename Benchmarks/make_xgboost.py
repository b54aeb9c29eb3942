#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an XGBoost JSON file of many trees of depth 8, as XGBoost 3.4 lays them out, with random numbers.

    /usr/bin/python3 Benchmarks/make_xgboost.py big.json [megabytes, 200]
"""
import sys

import numpy as np

DEPTH, FEATURES, POOL = 8, 28, 40
random = np.random.default_rng(1)


def number(value):
    """A Float32 in the fewest digits, as XGBoost writes it: 1.2186696E-7."""
    text = np.format_float_scientific(np.float32(value), unique=True, trim="-", exp_digits=1)
    return text.upper().replace("E+", "E")


def tree(index):
    inner = 2**DEPTH - 1
    nodes = 2 * inner + 1

    def floats(scale=1.0):
        return "[" + ",".join(number(v) for v in random.normal(size=nodes) * scale) + "]"

    def integers(values):
        return "[" + ",".join(str(v) for v in values) + "]"

    hessians = "[" + ",".join(number(abs(v)) for v in random.normal(size=nodes) * 1000) + "]"
    return (
        '{"base_weights":%s,"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],'
        '"default_left":%s,"id":%d,"left_children":%s,"loss_changes":%s,"parents":%s,"right_children":%s,'
        '"split_conditions":%s,"split_indices":%s,"split_type":%s,"sum_hessian":%s,"tree_param":{"num_deleted":"0",'
        '"num_feature":"%d","num_nodes":"%d","size_leaf_vector":"1"}}'
    ) % (
        floats(), integers(random.integers(0, 2, nodes)), index,
        integers(2 * n + 1 if n < inner else -1 for n in range(nodes)), floats(100),
        integers([2147483647] + [(n - 1) // 2 for n in range(1, nodes)]),
        integers(2 * n + 2 if n < inner else -1 for n in range(nodes)), floats(),
        integers(random.integers(0, FEATURES, nodes)), integers([0] * nodes), hessians, FEATURES, nodes,
    )


def main():
    path, megabytes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    pool = [tree(index) for index in range(POOL)]
    count = megabytes * 1_000_000 * POOL // sum(map(len, pool))
    with open(path, "w") as file:
        file.write('{"learner":{"attributes":{},"feature_names":[],"feature_types":[],"gradient_booster":{"model":'
                   '{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"%d"},"iteration_indptr":[0],'
                   '"tree_info":[%s],"trees":[' % (count, ",".join(["0"] * count)))
        for index in range(count):
            file.write(("," if index else "") + pool[index % POOL])
        file.write(']},"name":"gbtree"},"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1",'
                   '"num_class":"0","num_feature":"%d","num_target":"1"},"objective":{"name":"reg:squarederror",'
                   '"reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,4,1]}' % FEATURES)


main()
