"""Kernels of the CUDA decoder, what they are given, and the device they run on.

Without CuPy nothing of it runs, yet all of it can be imported.
"""
