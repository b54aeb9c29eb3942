#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an XGBoost JSON model of full binary trees with random splits: the model that the serving benchmark uses.

usage: make_model.py OUT.json [--trees 100] [--depth 6] [--features 28] [--seed 1]

The trees are random, not trained: what a walk costs depends on their number, depth and features, not on what they
were fitted to. The same arguments give the same bytes.
"""
import argparse
import json
import random


def tree(index, depth, features, rng):
    inner = 2**depth - 1
    nodes = 2 ** (depth + 1) - 1
    leaf = [n >= inner for n in range(nodes)]
    values = [round(rng.gauss(0, 0.1 if leaf[n] else 1), 6) for n in range(nodes)]
    return {
        "base_weights": values,
        "categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": [],
        "default_left": [rng.randrange(2) for _ in range(nodes)],
        "id": index,
        "left_children": [-1 if leaf[n] else 2 * n + 1 for n in range(nodes)],
        "right_children": [-1 if leaf[n] else 2 * n + 2 for n in range(nodes)],
        "loss_changes": [0.0] * nodes,
        "parents": [2147483647 if n == 0 else (n - 1) // 2 for n in range(nodes)],
        "split_conditions": values,
        "split_indices": [0 if leaf[n] else rng.randrange(features) for n in range(nodes)],
        "split_type": [0] * nodes,
        "sum_hessian": [1.0] * nodes,
        "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(nodes),
                       "size_leaf_vector": "1"},
    }


def model(trees, depth, features, seed):
    rng = random.Random(seed)
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(trees)},
                    "iteration_indptr": list(range(trees + 1)),
                    "tree_info": [0] * trees,
                    "trees": [tree(t, depth, features, rng) for t in range(trees)],
                },
                "name": "gbtree",
            },
            "learner_model_param": {"base_score": "5E-1", "boost_from_average": "1", "num_class": "0",
                                    "num_feature": str(features), "num_target": "1"},
            "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": [2, 1, 4],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--features", type=int, default=28)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    with open(a.out, "w") as out:
        json.dump(model(a.trees, a.depth, a.features, a.seed), out, separators=(",", ":"))
