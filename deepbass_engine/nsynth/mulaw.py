"""Mu-law companding as NSynth has it: samples to 256 classes and back.

Classes are counted from -128 to 127 here (q); a model counts them from 0 (q + 128). Samples are
clipped to [-1, 0.999] first, for 1 would be class 128, which there is none of.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HIGHEST_SAMPLE = np.float32(0.999)
_MU = np.float32(255)


def mu_law(samples: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Class of each sample.

    Parameters
    ----------
    samples : float, any shape
        Full scale at 1.

    Returns
    -------
    int16, the same shape
        From -128 to 127.

    Raises
    ------
    ValueError
        If a sample is not a finite number.

    Examples
    --------
    >>> mu_law([0.0, -1e-5, 1.0, -1.0]).tolist()
    [0, -1, 127, -128]
    """
    x = np.asarray(samples, np.float32)
    if not np.isfinite(x).all():
        raise ValueError("samples hold NaN or infinity; give finite numbers")
    x = np.clip(x, np.float32(-1), _HIGHEST_SAMPLE)
    companded = np.sign(x) * np.log(np.float32(1) + _MU * np.abs(x)) / np.log(np.float32(256))
    return np.asarray(np.floor(companded * np.float32(128)), np.int16)


def inverse_mu_law(classes: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Sample in the middle of each class.

    Parameters
    ----------
    classes : int, any shape
        From -128 to 127.

    Returns
    -------
    float32, the same shape
        Class 0 gives exactly 0.

    Examples
    --------
    >>> inverse_mu_law([0, 127]).round(4)
    array([0.    , 0.9785], dtype=float32)
    """
    q = np.asarray(classes, np.float32)
    companded = (q + np.float32(0.5)) * np.float32(2) / np.float32(256)
    magnitude = (np.float32(256) ** np.abs(companded) - np.float32(1)) / _MU
    return np.asarray(np.where(q == 0, q, np.sign(companded) * magnitude), np.float32)


def model_classes(samples: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Class of each sample as a model counts it, from 0; refuses what `mu_law` does.

    Examples
    --------
    >>> model_classes([0.0, 1.0, -1.0]).tolist()
    [128, 255, 0]
    """
    return (mu_law(samples) + 128).astype(np.uint8)


def samples_of_model_classes(classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Sample in the middle of each class that a model counts from 0, as decoding gives them.

    Examples
    --------
    >>> samples_of_model_classes(np.array([128, 255], np.uint8)).round(4)
    array([0.    , 0.9785], dtype=float32)
    """
    return inverse_mu_law(classes.astype(np.int16) - 128)
