"""Fits scikit-learn's MLPClassifier on the splits that `digits --splits 10` wrote, and prints both side by side.

    pip install scikit-learn
    cargo run --release --bin digits -- --splits 10
    python compare_digits.py out/digits-splits.csv

The same images, splits, epochs, batch (32) and optimizer: SGD with Nesterov momentum 0.9, rate 0.1, no weight decay, on
one thread. The time is that of the fit alone.
"""

import os
import sys
import time
import warnings

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)


def main():
    first, *lines = open(sys.argv[1]).read().splitlines()
    epochs = int(first.split(",")[1])
    images, digits = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    differences, ratios, ours, theirs = [], [], [], []
    print("split   sizednet  scikit-learn   ms  ms (scikit-learn)")
    for seed, line in enumerate(lines):
        accuracy, seconds, *test = line.split(",")
        accuracy, seconds, test = float(accuracy), float(seconds), np.array(test, dtype=int)
        training = np.setdiff1d(np.arange(len(digits)), test)
        mlp = MLPClassifier(
            (32,),
            solver="sgd",
            momentum=0.9,
            nesterovs_momentum=True,
            learning_rate_init=0.1,
            batch_size=32,
            max_iter=epochs,
            n_iter_no_change=epochs,
            tol=0.0,
            alpha=0.0,
            random_state=seed,
        )
        start = time.perf_counter()
        mlp.fit(images[training], digits[training])
        taken = time.perf_counter() - start
        assert mlp.n_iter_ == epochs
        theirs.append(mlp.score(images[test], digits[test]))
        ours.append(accuracy)
        differences.append(accuracy - theirs[-1])
        ratios.append(taken / seconds)
        print(f"{seed:5}   {accuracy:8.4f}  {theirs[-1]:12.4f}  {seconds * 1e3:5.1f}  {taken * 1e3:7.1f}")
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    print(f"mean    {np.mean(ours):8.4f}  {np.mean(theirs):12.4f}")
    print(f"mean of the differences {np.mean(differences):+.4f}, its standard error {error:.4f}")
    print(f"scikit-learn's fit takes {np.median(ratios):.0f} times as long (median)")


if __name__ == "__main__":
    main()
