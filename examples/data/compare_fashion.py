"""Trains what `fashion --all` trains in PyTorch, on one thread, and prints time and accuracy.

    pip install torch numpy
    cargo run --release --bin fashion -- --all --epochs 10
    python compare_fashion.py --epochs 10

784-128-10 with ReLU, cross-entropy, Adam with a rate that falls from 0.001 to 0 as half a cosine, batches of 64 of 55,000
images, which lie in memory as one tensor. Take the mean over some seeds: a single run is off by some thousandths.
"""

import argparse
import gzip
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


def idx(path, offset):
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=offset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    def part(name):
        images = idx(options.data / f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
        labels = idx(options.data / f"{name}-labels-idx1-ubyte.gz", 8)
        return torch.tensor(images / np.float32(255)), torch.tensor(labels, dtype=torch.long)

    images, labels = part("train")
    chosen = torch.randperm(len(images))[: len(images) - len(images) // 12]
    images, labels = images[chosen], labels[chosen]
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    updates = options.epochs * -(-len(images) // 64)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda update: (1 + math.cos(math.pi * update / updates)) / 2)
    loss_of = nn.CrossEntropyLoss()
    start = time.perf_counter()
    for epoch in range(options.epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            loss = loss_of(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            rate.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(images):.4f}")
    print(f"the fit alone: {time.perf_counter() - start:.2f} s")
    images, labels = part("t10k")
    with torch.no_grad():
        print(f"test accuracy {(model(images).argmax(1) == labels).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
