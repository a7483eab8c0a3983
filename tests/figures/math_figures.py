"""Makes `math.json`, the values the test math compares with, and the coefficients of exp.

    pip install mpmath
    python tests/figures/math_figures.py          writes `math.json` beside this file
    python tests/figures/math_figures.py fit      prints the coefficients in src/math

`math.json` has, for each function, a list of [bits of x, bits of the f64 nearest to the value,
residue]. The residue is (value - nearest) / ulp, and the ulp is the distance from the nearest to
the next larger magnitude. Values are computed with 60 digits. The tests read only that file, so
Python is not needed to run them.
"""

import sys
from pathlib import Path

# Python looks for modules beside the script first, and there `math` is this very file.
HERE = Path(__file__).resolve().parent
sys.path = [place for place in sys.path if Path(place).resolve() != HERE]

import json
import random
import struct

import mpmath
from mpmath import exp, expm1, log, log1p, mp, mpf

mp.dps = 60

LN_2 = 0.6931471805599453
POINTS = 400


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from_bits(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def neighbors(x, steps=1):
    """x and the numbers beside it."""
    return [from_bits(bits(x) + step) for step in range(-steps, steps + 1)]


def both(xs):
    return [sign * x for x in xs for sign in (1, -1)]


def magnitudes(generator, low, high, count):
    """Random numbers of all magnitudes from 2^low to 2^high."""
    return [generator.uniform(1, 2) * 2.0 ** generator.randint(low, high - 1) for _ in range(count)]


def uniform(generator, low, high, count):
    return [generator.uniform(low, high) for _ in range(count)]


def halves_of_ln_2(exponents):
    """Around the changes of n in x = n ln 2 + r, and around the middles between them."""
    return [x for k in exponents for x in neighbors(k * LN_2 / 2)]


def points(name, count):
    """The arguments for a function: its own hard places, filled up with random ones."""
    generator = random.Random(name)
    tiny = [5e-324, 2.5e-320, 2.2250738585072014e-308, 1e-300]
    tiny += [2.0**-60, 2.0**-54, 2.0**-53, 2.0**-52, 1e-9, 1e-4]
    near_one = [x for k in range(1, 53, 4) for x in (1 + 2.0**-k, 1 - 2.0**-k)]
    few = range(1, 12)
    if name in ("exp", "exp_m1"):
        hard = both(tiny + halves_of_ln_2(few)) + halves_of_ln_2((2045, 2046, 2047, -2041, -2043))
        hard += (
            neighbors(709.782712893384, 2)
            + neighbors(708.3964185322641, 2)
            + neighbors(-708.3964185322641, 2)
        )
        hard += [-36.0, -37.4, -38.5, -39.9, -40.1, -700.0, -745.0, -1e300]
        fill = uniform(generator, -708.3, 709.7, count // 2) + uniform(generator, -2, 2, count // 3)
        fill += both(magnitudes(generator, -60, 5, count // 8))
    elif name == "tanh":
        hard = both(
            tiny
            + [x / 2 for x in halves_of_ln_2(few)]
            + [18.5, 19.0, 19.1, 20.0, 20.1, 400.0, 1e300]
        )
        fill = uniform(generator, -20, 20, count // 4) + uniform(generator, -1, 1, count // 2)
        fill += both(magnitudes(generator, -60, 4, count // 8))
    elif name in ("sigmoid", "softplus"):
        hard = both(
            tiny
            + halves_of_ln_2(few)
            + [36.0, 37.0, 40.0, 700.0, 708.3, 708.5, 709.7, 709.8, 744.0]
        )
        fill = uniform(generator, -708, 708, count // 4) + uniform(generator, -40, 40, count // 3)
        fill += uniform(generator, -3, 3, count // 3) + both(
            magnitudes(generator, -60, 5, count // 8)
        )
    elif name == "ln":
        hard = tiny + near_one + neighbors(2**-0.5, 3) + neighbors(2**0.5, 3) + neighbors(1.0, 3)
        hard += [1.7976931348623157e308]
        fill = uniform(generator, 0.5, 2, count // 2) + magnitudes(
            generator, -1074, 1024, count // 3
        )
        fill += magnitudes(generator, -1074, -1022, count // 20) + uniform(
            generator, 0, 100, count // 4
        )
    elif name == "ln_1p":
        hard = (
            tiny
            + near_one
            + neighbors(2**0.5 - 1, 3)
            + neighbors(1.0, 3)
            + [1e15, 1e16, 1.7976931348623157e308]
        )
        hard += [-x for x in tiny] + neighbors(2**-0.5 - 1, 3) + [-0.999, from_bits(bits(-1.0) - 1)]
        fill = uniform(generator, 0, 1, count // 2) + magnitudes(generator, -60, 0, count // 4)
        fill += uniform(generator, -1, 0, count // 8) + magnitudes(generator, 0, 1024, count // 8)
    elif name == "sqrt":
        hard = tiny + near_one + neighbors(4.0, 3) + [2.0, 3.0, 1.7976931348623157e308]
        fill = uniform(generator, 1, 4, count // 4) + magnitudes(generator, -1074, 1024, count // 2)
        fill += magnitudes(generator, -1074, -1022, count // 8)
        fill += [x * x for x in uniform(generator, 0, 2.0**26, count // 8)]
    else:
        hard = tiny + [x for k in range(1, 8) for x in neighbors(k / 8)] + neighbors(0.5, 4)
        hard += [0.5 + 2.0**-k for k in range(3, 53, 3)] + [0.5 - 2.0**-k for k in range(3, 54, 3)]
        hard += [
            -0.3,
            1.2,
            1.5 + 2.0**-50,
            7.7,
            -1000.1,
            2.0**51 + 0.5,
            2.0**52 + 1,
            2.0**53,
            1e300,
        ]
        fill = uniform(generator, 0, 1, count)
    generator.shuffle(fill)
    return hard + fill[: max(0, count - len(hard))]


FUNCTIONS = {
    "exp": exp,
    "exp_m1": expm1,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "ln": log,
    "ln_1p": log1p,
    "softplus": lambda x: max(x, mpf(0)) + log1p(exp(-abs(x))),
    "sqrt": mpmath.sqrt,
    "cos_pi": mpmath.cospi,
}


def nearest(value):
    """The f64 nearest to the value, ties to even, and the residue; None where it overflows."""
    if value == 0:
        return 0.0, 0.0
    exponent = max(mp.mag(value) - 53, -1074)
    rounded = mp.ldexp(mpmath.nint(mp.ldexp(value, -exponent)), exponent)
    if abs(rounded) >= mp.ldexp(1, 1024):
        return None
    ulp = mp.ldexp(1, max(mp.mag(rounded) - 53, -1074)) if rounded else mp.ldexp(1, -1074)
    return float(rounded), float((value - rounded) / ulp)


def figures(count):
    result = {}
    for name, function in FUNCTIONS.items():
        rows = []
        for x in points(name, count):
            pair = nearest(function(mpf(x)))
            if pair is not None:
                rows.append([f"{bits(x):016x}", f"{bits(pair[0]):016x}", round(pair[1], 4)])
        result[name] = rows
    return result


def write(result, path):
    lists = []
    for name, rows in result.items():
        lines = ",\n".join("    " + json.dumps(row) for row in rows)
        lists.append(f'  "{name}": [\n{lines}\n  ]')
    path.write_text("{\n" + ",\n".join(lists) + "\n}\n")


def fit(terms):
    """p of exp(r) - 1 = r + r^2 / 2 + r^3 p(r) with the least largest relative error (Remez).

    Also the log2 of that error.
    """
    bound = log(2) / 2 * mpf("1.0001")

    def target(r):
        if abs(r) < mpf("1e-3"):
            return sum(r**k / mpmath.factorial(k + 3) for k in range(20))
        return (expm1(r) - r - r * r / 2) / r**3

    def weight(r):
        return abs(r**3 / expm1(r)) if r else mpf(0)

    # Chebyshev nodes to begin with
    nodes = [-bound * mp.cos(mp.pi * (2 * i + 1) / (2 * (terms + 1))) for i in range(terms + 1)]
    for _ in range(30):
        rows = mpmath.matrix(terms + 1, terms + 1)
        right = mpmath.matrix(terms + 1, 1)
        for i, r in enumerate(nodes):
            for k in range(terms):
                rows[i, k] = weight(r) * r**k
            rows[i, terms] = (-1) ** i
            right[i] = weight(r) * target(r)
        solution = mpmath.lu_solve(rows, right)
        coefficients = [solution[k] for k in range(terms)]
        # the largest error between each two changes of its sign
        peaks = []
        for r in mpmath.linspace(-bound, bound, 6000):
            error = weight(r) * (target(r) - sum(c * r**k for k, c in enumerate(coefficients)))
            if peaks and (peaks[-1][1] > 0) == (error > 0):
                if abs(error) > abs(peaks[-1][1]):
                    peaks[-1] = (r, error)
            else:
                peaks.append((r, error))
        while len(peaks) > terms + 1:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        largest = max(abs(error) for _, error in peaks)
        if len(peaks) <= terms or min(abs(error) for _, error in peaks) > largest * mpf("0.99999"):
            break
        nodes = [r for r, _ in peaks]
    return coefficients, log(largest, 2)


if __name__ == "__main__":
    if sys.argv[1:] == ["fit"]:
        for terms in (4, 5, 10):
            coefficients, error = fit(terms)
            print(
                f"degree {terms - 1}, relative error 2^{mpmath.nstr(error, 4)}:",
                *(mpmath.nstr(c, 20) for c in coefficients),
            )
    else:
        write(figures(POINTS), HERE / "math.json")
