# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains digits.onnx and writes the images that it is tested on. Needs PyTorch and NumPy.

    train.py MNIST      a folder with t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz
"""

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
# The first images of the file teach, the last ones test.
TAUGHT, TESTED = 8000, 500


def load(folder):
    images = gzip.open(folder / "t10k-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(folder / "t10k-labels-idx1-ubyte.gz").read()[8:]
    return np.frombuffer(images, "u1").reshape(-1, 1, 28, 28), np.frombuffer(labels, "u1")


def save(name, array):
    file = io.BytesIO()
    np.save(file, array)
    (HERE / name).write_bytes(gzip.compress(file.getvalue(), 9, mtime=0))


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    images, labels = load(Path(sys.argv[1]))
    # The model takes bytes as floats and scales them itself.
    x, y = torch.from_numpy(images.astype("f4")), torch.from_numpy(labels.astype("i8"))
    conv1, conv2 = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
    model = nn.Sequential(conv1, nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), conv2, nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(784, 10))
    with torch.no_grad():
        conv1.weight /= 64
    count, epochs, batch = TAUGHT, 6, 64
    optimizer = torch.optim.Adam(model.parameters(), 2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * (count // batch))
    for epoch in range(epochs):
        order = torch.randperm(count)
        for start in range(0, count - batch + 1, batch):
            part = order[start : start + batch]
            loss = nn.functional.cross_entropy(model(x[part]), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch}: {loss.item():.4f}", flush=True)
    model.eval()
    with torch.no_grad():
        right = (model(x[-TESTED:]).argmax(1) == y[-TESTED:]).float().mean().item()
    print(f"top-1 of the last {TESTED}: {right:.4f}")
    names = {"input_names": ["image"], "output_names": ["digit"], "dynamic_axes": {"image": {0: "batch"}, "digit": {0: "batch"}}}
    torch.onnx.export(model, x[:1], HERE / "digits.onnx", opset_version=13, **names)
    save("images.npy.gz", images[-TESTED:])
    np.save(HERE / "labels.npy", labels[-TESTED:])


main()
