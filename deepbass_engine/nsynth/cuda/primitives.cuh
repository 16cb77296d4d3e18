// What only a GPU has, one function each; the tests put functions for the CPU in their place.

static __device__ __forceinline__ char* shared_memory() {
  extern __shared__ uint4 dynamic_shared_memory[];
  return reinterpret_cast<char*>(dynamic_shared_memory);
}

// Sees all that was written before the releases it counts.
static __device__ __forceinline__ unsigned load_acquire(const unsigned* counter) {
  unsigned value;
  asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(value) : "l"(counter) : "memory");
  return value;
}

static __device__ __forceinline__ void add_release(unsigned* counter, unsigned value) {
  asm volatile("red.release.gpu.add.u32 [%0], %1;" ::"l"(counter), "r"(value) : "memory");
}

// Ends the kernel with an error rather than never.
static __device__ __forceinline__ void give_up() { asm volatile("trap;"); }

constexpr unsigned POLLS_BEFORE_GIVING_UP = 1u << 26;  // more than 10 s

#if HALF

static __device__ __forceinline__ unsigned short to_half(float x) {
  unsigned short half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(x));
  return half;
}

// sums (16 rows, 8 columns) += a (16, 16) times b (16, 8), by the 32 lanes of a warp together.
// Lane 4 g + j holds of a: rows g, g + 8 of columns 2 j, 2 j + 1, then of columns 2 j + 8, 2 j + 9;
// of b: rows 2 j, 2 j + 1, then 2 j + 8, 2 j + 9 of column g; of sums: columns 2 j, 2 j + 1 of row
// g, then of row g + 8 (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type").
static __device__ __forceinline__ void multiply_halves(float4& sums, uint4 a, uint2 b) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums.x), "+f"(sums.y), "+f"(sums.z), "+f"(sums.w)
      : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y));
}

#endif
