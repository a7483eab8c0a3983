"""Writes `files/digits.csv.gz` from scikit-learn's copy of the data.

    pip install scikit-learn
    python export_digits.py

A line is an image: 64 values from 0 to 16, row by row, then the digit.
"""

import gzip
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

images, digits = load_digits(return_X_y=True)
rows = np.column_stack([images, digits]).astype(int)
text = "".join(",".join(map(str, row)) + "\n" for row in rows)
# without a time, so that the file is the same each time
path = Path(__file__).resolve().parent / "files" / "digits.csv.gz"
path.write_bytes(gzip.compress(text.encode(), mtime=0))
