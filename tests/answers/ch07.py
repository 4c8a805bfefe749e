"""Answers to the exercises of chapter 7."""

import numpy as np

from answers import Answers

ROW = 384 * 4


def fits(free=4 * 2**30, table=0, rounded=np.floor):
    plain = max(10 * ROW, 4 * ROW + 2 * table * 4)
    return int(rounded(free / (512 * plain))), int(
        rounded(free / (512 * 6 * (16 * ROW + table * 4)))
    )


def vectors():
    return np.random.default_rng(0).normal(size=(8, 384)).astype(np.float32) * 0.05 + 0.02


def spread(step=lambda before, after: before * after, ddof=0):
    count, mean, squares = 0, np.zeros(384), np.zeros(384)
    for vector in vectors():
        count += 1
        before = vector - mean
        mean = mean + before / count
        squares = squares + step(before, vector - mean)
    return np.sqrt(squares / (count - ddof)), vectors()


def back_off(numbers, size, encode_batch):
    finished = []
    while len(finished) < len(numbers):
        failed = False
        try:
            finished += encode_batch(numbers[len(finished) : len(finished) + size])
        except MemoryError:
            failed = True
        if failed and size == 1:
            raise MemoryError("one single window does not fit")
        if failed:
            size //= 2
    return finished


def by_recursion(numbers, size, encode_batch):
    """Halve the batch and keep the smaller size, another way."""
    finished, start = [], 0
    while start < len(numbers):
        made = None
        try:
            made = encode_batch(numbers[start : start + size])
        except MemoryError:
            if size < 2:
                raise
        if made is None:
            size = size // 2
        else:
            finished, start = finished + made, start + size
    return finished


def start_again(numbers, size, encode_batch):
    while True:
        finished, failed = [], False
        for start in range(0, len(numbers), size):
            try:
                finished += encode_batch(numbers[start : start + size])
            except MemoryError:
                failed = True
                break
        if not failed:
            return finished
        if size == 1:
            raise MemoryError
        size //= 2


def inside_the_except(numbers, size, encode_batch):
    finished = []
    while len(finished) < len(numbers):
        part = numbers[len(finished) : len(finished) + size]
        try:
            finished += encode_batch(part)
        except MemoryError:
            if size == 1:
                raise
            size //= 2
            finished += back_off(part[:size], size, encode_batch)
    return finished


def never_gives_up(numbers, size, encode_batch):
    finished = []
    while len(finished) < len(numbers):
        try:
            finished += encode_batch(numbers[len(finished) : len(finished) + size])
        except MemoryError:
            size = max(1, size // 2)
    return finished


def catches_everything(numbers, size, encode_batch):
    finished = []
    while len(finished) < len(numbers):
        try:
            finished += encode_batch(numbers[len(finished) : len(finished) + size])
        except Exception:
            if size == 1:
                raise MemoryError from None
            size //= 2
    return finished


def drops_the_batch(numbers, size, encode_batch):
    finished = []
    for start in range(0, len(numbers), size):
        try:
            finished += encode_batch(numbers[start : start + size])
        except MemoryError:
            size //= 2
    return finished


def to_one_at_once(numbers, size, encode_batch):
    finished = []
    while len(finished) < len(numbers):
        failed = False
        try:
            finished += encode_batch(numbers[len(finished) : len(finished) + size])
        except MemoryError:
            failed = True
        if failed and size == 1:
            raise MemoryError
        size = 1 if failed else size
    return finished


EXERCISES = {
    "ex1": Answers(
        right=fits,
        wrong={
            "gigabytes": lambda: fits(free=4e9),
            "the table of pairs": lambda: fits(table=12 * 512),
            "rounded up": lambda: fits(rounded=np.ceil),
            "changed places": lambda: fits()[::-1],
        },
    ),
    "ex2": Answers(
        right=spread,
        also_right={"numpy's own": lambda: (vectors().std(axis=0), vectors())},
        wrong={
            "old mean twice": lambda: spread(lambda before, after: before**2),
            "new mean twice": lambda: spread(lambda before, after: after**2),
            "of a sample": lambda: spread(ddof=1),
            "distance from zero": lambda: (np.sqrt((vectors() ** 2).mean(axis=0)), vectors()),
            "nothing added": lambda: (np.zeros(384), vectors()),
            "one number": lambda: (vectors().std(), vectors()),
        },
    ),
    "ex3": Answers(
        right=lambda: (back_off,),
        also_right={"re-raised at size one": lambda: (by_recursion,)},
        wrong={
            "no back-off": lambda: (lambda numbers, size, encode_batch: encode_batch(numbers),),
            "starts again": lambda: (start_again,),
            "tries again inside": lambda: (inside_the_except,),
            "never gives up": lambda: (never_gives_up,),
            "catches everything": lambda: (catches_everything,),
            "drops the batch": lambda: (drops_the_batch,),
            "one window at once": lambda: (to_one_at_once,),
            "the stub": lambda: (lambda numbers, size, encode_batch: [],),
            "nothing returned": lambda: (lambda numbers, size, encode_batch: None,),
        },
    ),
}
