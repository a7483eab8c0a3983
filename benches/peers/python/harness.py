"""What harness/ is in Rust: the same numbers, the same timing loop, the same lines of JSON."""

import json
import os
import sys
import time

# one thread each; the libraries read these when they are imported
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

BATCH, MANY = 32, 64
XOR_RATE, IMAGES_RATE, POLICY_RATE = 0.4, 0.01, 0.001
XOR_STEPS, IMAGES_STEPS, POLICY_STEPS, RECURRENT_STEPS = 1000, 20, 100, 50

XOR_INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR_TARGETS = np.array([[0], [1], [1], [0]], np.float32)


def bits(stream, count):
    """The bits at the first places of a stream."""
    value = np.arange(count, dtype=np.uint32) | np.uint32(stream << 20)
    value = (value ^ (value >> 16)) * np.uint32(0x7FEB352D)
    value = (value ^ (value >> 15)) * np.uint32(0x846CA68B)
    return value ^ (value >> 16)


def unit(stream, *shape):
    """Numbers from 0 to 1."""
    numbers = (bits(stream, int(np.prod(shape))) >> 8).astype(np.float32)
    return (numbers / np.float32(16777216)).reshape(shape)


def signed(stream, *shape):
    """Numbers from -1 to 1."""
    return np.float32(2) * unit(stream, *shape) - np.float32(1)


def layers(stream, sizes):
    """The weights as [inputs, outputs] and the bias of each layer."""
    counts = [(inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:])]
    numbers = np.split(signed(stream, sum(counts)), np.cumsum(counts)[:-1])
    result = []
    for values, inputs, outputs in zip(numbers, sizes, sizes[1:]):
        values = values * (np.float32(1) / np.sqrt(np.float32(inputs)))
        weights, bias = values[:-outputs], values[-outputs:]
        result.append((weights.reshape(inputs, outputs).copy(), bias.copy()))
    return result


def xor_layers():
    return layers(1, [2, 3, 1])


def policy_layers():
    return layers(2, [13, 64, 64, 4])


def small_layers():
    return layers(3, [64, 64, 64, 10])


def images_layers():
    return layers(4, [784, 128, 10])


def policy_input():
    return signed(10, 1, 13)


def small_input():
    return signed(11, 1, 64)


def images_batch():
    """Inputs and classes."""
    return unit(12, BATCH, 784), (bits(13, BATCH) % 10).astype(np.int64)


def images_inputs():
    return unit(14, MANY, 784)


def policy_batch():
    """Inputs and targets."""
    return signed(15, BATCH, 13), signed(16, BATCH, 4)


def recurrent_inputs():
    return signed(21, 64)


def recurrent_weights(gates, width):
    """The weights of the input as [1, sums], of the state as [width, sums], and the bias of each."""
    sums = gates * width
    numbers = signed(20, sums * (width + 3)) * (np.float32(1) / np.sqrt(np.float32(width)))
    of_input, of_state, input_bias, state_bias = np.split(
        numbers, [sums, sums + width * sums, 2 * sums + width * sums]
    )
    return of_input.reshape(1, sums), of_state.reshape(width, sums), input_bias, state_bias


def convolution_images():
    return unit(32, 32, 8, 28, 28)


def convolution_weights():
    """The weights as [filters, channels, rows, columns], and the bias."""
    weights = signed(30, 16, 8, 3, 3) * (np.float32(1) / np.sqrt(np.float32(72)))
    return weights, signed(31, 16)


def weighted_sum(outputs):
    """The sum of the outputs with weights 1 to 7 in turn."""
    outputs = np.asarray(outputs, np.float64).ravel()
    return float(outputs @ (np.arange(outputs.size) % 7 + 1))


def nanoseconds_of(calls, work):
    start = time.perf_counter_ns()
    for _ in range(calls):
        work()
    return time.perf_counter_ns() - start


def fastest(seconds, work):
    """The timing loop of harness/src/timing.rs."""
    calls = 1
    while nanoseconds_of(calls, work) < 1e6:
        calls *= 2
    best, batches, start = float("inf"), 0, time.perf_counter()
    while batches < 3 or time.perf_counter() - start < seconds:
        best = min(best, nanoseconds_of(calls, work))
        batches += 1
    return best / calls


def run(peer, works):
    """The command line and the lines of JSON of harness/src/program.rs. A work is a function that returns the check and
    what is to be timed."""
    arguments = sys.argv[1:]
    seconds = 0.3
    if "--seconds" in arguments:
        place = arguments.index("--seconds")
        seconds = float(arguments[place + 1])
        del arguments[place : place + 2]
    for name, work in works.items():
        if not arguments or name in arguments:
            check, step = work()
            line = {"peer": peer, "work": name, "ns": fastest(seconds, step), "check": float(check)}
            print(json.dumps(line), flush=True)
