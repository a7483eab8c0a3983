"""Makes `prepare.json`, the values that the test prepare compares with.

    pip install scikit-learn
    python tests/figures/prepare_figures.py

The script writes `prepare.json` beside itself: fits of StandardScaler and MinMaxScaler, balanced
class weights, and how many samples of each class a stratified train_test_split puts into its test
part. Inputs are rounded to f32 first (but for those that differ by
less), so that both number types are given the same values. The
tests read only that file, so Python is not needed to run them.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.class_weight import compute_class_weight

HERE = Path(__file__).resolve().parent
SEED = 20240301

generator = np.random.default_rng(SEED)


def rounded(values):
    return np.asarray(values).astype(np.float32).astype(np.float64)


def scalings():
    rows = 40
    features = [
        generator.normal(0, 1, rows),
        generator.normal(-3, 250, rows),
        # the mean takes nearly all digits
        generator.normal(1e6, 1, rows),
        generator.uniform(0, 1e-6, rows),
        generator.exponential(1e12, rows),
        np.full(rows, 0.1),
        np.zeros(rows),
        generator.integers(0, 2, rows),
    ]
    many = rounded(np.stack(features, axis=1))
    # inputs that were not fitted, inside and outside of the range
    others = rounded(many[:6] * generator.uniform(0.5, 2, (6, len(features))))
    # one sample is constant in all features
    result = []
    for inputs in (many, many[:2], many[:1]):
        standard, min_max = StandardScaler().fit(inputs), MinMaxScaler().fit(inputs)
        result.append(
            {
                "inputs": inputs.tolist(),
                "others": others.tolist(),
                "mean": standard.mean_.tolist(),
                "scale": standard.scale_.tolist(),
                "standardized": standard.transform(others).tolist(),
                "minimum": min_max.data_min_.tolist(),
                "maximum": min_max.data_max_.tolist(),
                "min_max": min_max.transform(others).tolist(),
            }
        )
    return result


def nearly_constant():
    """Features of one value but for a few of its last digits, on both sides of the bound."""
    result = []
    for value in (1e8, 0.1, -3.0):
        for ulps in (1, 2, 4, 8, 16, 1000):
            for rows in (2, 5, 40):
                feature = np.full(rows, value)
                feature[-1] += ulps * np.spacing(value)
                scale = StandardScaler().fit(feature[:, None]).scale_[0]
                result.append({"inputs": feature.tolist(), "scale": scale})
    assert 10 < sum(row["scale"] == 1 for row in result) < len(result) - 10
    return result


def weights():
    result = []
    for counts in ([5, 5, 5, 5], [1, 2, 3, 4], [97, 1, 1, 1], [50, 30, 7, 13]):
        classes = generator.permutation(np.repeat(np.arange(4), counts))
        balanced = compute_class_weight("balanced", classes=np.arange(4), y=classes)
        result.append({"classes": classes.tolist(), "weights": balanced.tolist()})
    return result


def splits():
    result = []
    for counts, test in (
        ([50, 50, 50, 50], 40),
        ([50, 30, 7, 13], 26),
        ([60, 25, 10, 5], 33),
        ([101, 53, 17, 3], 35),
        ([3, 500, 2, 40], 100),
        ([11, 13, 17, 19], 29),
    ):
        total = sum(counts)
        rests = [count * test % total for count in counts]
        # equal rests would be decided at random
        assert len(set(rests)) == len(rests) or not any(rests), (counts, test, rests)
        classes = generator.permutation(np.repeat(np.arange(4), counts))
        found = set()
        for seed in range(20):
            _, part = train_test_split(
                classes, test_size=test, stratify=classes, random_state=seed
            )
            found.add(tuple(np.bincount(part, minlength=4).tolist()))
        (of_each,) = found
        result.append({"classes": classes.tolist(), "test": test, "of_each": of_each})
    return result


def write(result, path):
    lists = []
    for name, rows in result.items():
        lines = ",\n".join("    " + json.dumps(row) for row in rows)
        lists.append(f'  "{name}": [\n{lines}\n  ]')
    path.write_text("{\n" + ",\n".join(lists) + "\n}\n")


if __name__ == "__main__":
    figures = {
        "scalings": scalings(),
        "nearly_constant": nearly_constant(),
        "weights": weights(),
        "splits": splits(),
    }
    write(figures, HERE / "prepare.json")
