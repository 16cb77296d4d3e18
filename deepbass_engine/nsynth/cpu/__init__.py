"""Kernels of the CPU decoder: vectors emitted as LLVM IR, compiled by Numba where they run."""
