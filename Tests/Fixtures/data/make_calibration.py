# SPDX-License-Identifier: Apache-2.0
"""Writes calibration.json: what scikit-learn's calibrators make of given scores.

python make_calibration.py > calibration.json    (scikit-learn 1.5 or newer)
"""

import json

import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

cases = []
for seed, count, decimals in [(1, 60, 1), (2, 300, 6), (3, 40, 0)]:
    random = np.random.default_rng(seed)
    scores = np.round(random.normal(0.3, 2.0, count), decimals)
    outcomes = (random.random(count) < 1 / (1 + np.exp(-0.7 * scores + 0.4))).astype(int)
    sigmoid = _SigmoidCalibration().fit(scores, outcomes)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(scores, outcomes)
    grid = np.round(np.linspace(-7, 7, 57), 3)
    cases.append(
        {
            "scores": scores.tolist(),
            "outcomes": outcomes.tolist(),
            "slope": -float(sigmoid.a_),
            "offset": -float(sigmoid.b_),
            "grid": grid.tolist(),
            "sigmoid": sigmoid.predict(grid).tolist(),
            "isotonic": isotonic.predict(grid).tolist(),
        }
    )
print(json.dumps({"scikit-learn": sklearn.__version__, "cases": cases}))
