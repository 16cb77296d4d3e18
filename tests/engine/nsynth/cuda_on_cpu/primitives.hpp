// What only a GPU has, for kernels that are compiled for the CPU: takes the place of
// primitives.cuh. fibers.cpp runs the threads.

#include <string.h>

#include <algorithm>
#include <cmath>

using std::max;
using std::min;

#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct Index {
  unsigned x;
};

extern "C" {
int cpu_thread();
int cpu_block();
int cpu_blocks();
char* shared_memory();
void __syncthreads();
void __syncwarp();
unsigned load_acquire(const unsigned* counter);
void add_release(unsigned* counter, unsigned value);
void give_up();
// Shows 6 words of this lane to its warp; returns those of all lanes, one after another.
const unsigned* swap_words(const unsigned* words);
}

#define threadIdx (Index{unsigned(cpu_thread())})
#define blockIdx (Index{unsigned(cpu_block())})
#define gridDim (Index{unsigned(cpu_blocks())})

constexpr unsigned POLLS_BEFORE_GIVING_UP = 1u << 20;

static inline float __shfl_sync(unsigned, float x, int from) {
  unsigned words[6] = {};
  memcpy(words, &x, 4);
  memcpy(&x, swap_words(words) + from * 6, 4);
  return x;
}

static inline float __shfl_xor_sync(unsigned mask, float x, int apart) {
  return __shfl_sync(mask, x, cpu_thread() % 32 ^ apart);
}

static inline unsigned short to_half(float x) {
  const _Float16 half = static_cast<_Float16>(x);
  unsigned short bits;
  memcpy(&bits, &half, 2);
  return bits;
}

static inline float half_of(unsigned word, int which) {
  const unsigned short bits = static_cast<unsigned short>(word >> 16 * which);
  _Float16 half;
  memcpy(&half, &bits, 2);
  return half;
}

// As the PTX ISA has it: element (row, k) of a is in lane row % 8 * 4 + k % 8 / 2, element
// (k, column) of b in lane column * 4 + k % 8 / 2.
static inline void multiply_halves(float4& sums, uint4 a, uint2 b) {
  const unsigned words[6] = {a.x, a.y, a.z, a.w, b.x, b.y};
  const unsigned* all = swap_words(words);
  const int lane = cpu_thread() % 32;
  float* const mine[4] = {&sums.x, &sums.y, &sums.z, &sums.w};
  for (int i = 0; i < 4; i++) {
    const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; k++) {
      const int pair = k % 8 / 2;
      *mine[i] += half_of(all[(row % 8 * 4 + pair) * 6 + row / 8 + k / 8 * 2], k % 2) *
                  half_of(all[(column * 4 + pair) * 6 + 4 + k / 8], k % 2);
    }
  }
}
