"""Makes `sklearn.json`, the figures that tests/prepare.rs compares with.

    pip install scikit-learn numpy
    python tests/figures/sklearn_figures.py

Scales and weights are those of scikit-learn's StandardScaler, MinMaxScaler and compute_class_weight, in f64; `stratified`
lists, for some counts of classes and sizes of the test part, how many of each class train_test_split puts there. The
tests read only that file.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.class_weight import compute_class_weight

SEED = 20261125


def main():
    rng = np.random.default_rng(SEED)
    # ordinary, tiny, far from 0, constant, skewed
    rows = np.column_stack(
        [
            rng.normal(size=23),
            rng.normal(size=23) * 1e-6,
            rng.normal(size=23) + 1e6,
            np.full(23, 0.1),
            rng.exponential(size=23),
        ]
    ).round(9)
    standard, ranged = StandardScaler().fit(rows), MinMaxScaler().fit(rows)
    classes = rng.choice(4, size=40, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    classes += [0, 1, 2, 3]
    weights = compute_class_weight("balanced", classes=np.arange(4), y=classes)
    stratified = []
    # rests that differ, so that no draw decides
    for counts, test in [((50, 30, 21), 20), ((59, 71, 48), 36), ((10, 90, 7, 33), 47), ((3, 4, 100), 30)]:
        y = np.repeat(np.arange(len(counts)), counts)
        _, part = train_test_split(y, test_size=test, stratify=y, random_state=0)
        stratified.append({"counts": counts, "test": test, "of_each": np.bincount(part, minlength=len(counts)).tolist()})
    figures = {
        "scikit-learn": sklearn.__version__,
        "rows": rows.tolist(),
        "mean": standard.mean_.tolist(),
        "scale": standard.scale_.tolist(),
        "standardized": standard.transform(rows).tolist(),
        "minimum": ranged.data_min_.tolist(),
        "ranged": ranged.transform(rows).tolist(),
        "classes": classes,
        "class_weights": weights.tolist(),
        "stratified": stratified,
    }
    path = Path(__file__).resolve().with_name("sklearn.json")
    path.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
