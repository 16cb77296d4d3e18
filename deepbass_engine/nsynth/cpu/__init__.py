"""The CPU decoder's kernels: vectors emitted as LLVM IR, compiled by Numba on the user's machine."""
