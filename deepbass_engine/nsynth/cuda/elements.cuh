// Numbers that are multiplied, by precision, and how they lie in tiles.
//
// A tile of weights is 16 outputs by 16 channels, a tile of activations 16 channels by 8 streams.
// Both lie in the order in which the lanes of a warp read them. Lane 4 g + j adds up outputs g and
// g + 8 of streams 2 j and 2 j + 1: sums.x, sums.y, then sums.z, sums.w.

constexpr int WEIGHTS_IN_TILE = 256;
constexpr int ACTIVATIONS_IN_TILE = 128;

#if HALF

typedef unsigned short Element;
typedef uint4 Weights;
constexpr int TILES_AHEAD = 4;
constexpr int TILES_AT_ONCE = STREAM_TILES > 2 ? 4 : 8;

static __device__ __forceinline__ Weights load_weights(const Element* tile, int lane) {
  return reinterpret_cast<const uint4*>(tile)[lane];
}

// Adds the products of a tile with the activations of 16 channels and all streams.
static __device__ __forceinline__ void multiply(float4 (&sums)[STREAM_TILES],
                                                const Weights& weights,
                                                const Element* activations, int lane) {
#pragma unroll
  for (int n = 0; n < STREAM_TILES; n++)
    multiply_halves(sums[n], weights,
                    reinterpret_cast<const uint2*>(activations + n * ACTIVATIONS_IN_TILE)[lane]);
}

static __device__ __forceinline__ Element to_element(float x) {
  return to_half(fminf(fmaxf(x, -65504.0f), 65504.0f));
}

static __device__ __forceinline__ int place_in_tile(int channel, int stream) {
  return stream * 16 + channel % 8 / 2 * 4 + channel / 8 * 2 + channel % 2;
}

#else

typedef float Element;
struct Weights {
  const float4* outputs;
};
constexpr int TILES_AHEAD = 1;
constexpr int TILES_AT_ONCE = 1;
constexpr int CHANNELS_AT_ONCE = STREAM_TILES > 4 ? 2 : 4;

static __device__ __forceinline__ Weights load_weights(const Element* tile, int lane) {
  return {reinterpret_cast<const float4*>(tile) + lane / 4};
}

static __device__ __forceinline__ void multiply_one(float& sum, const float4& a, const float4& b) {
  sum = fmaf(a.x, b.x, sum);
  sum = fmaf(a.y, b.y, sum);
  sum = fmaf(a.z, b.z, sum);
  sum = fmaf(a.w, b.w, sum);
}

static __device__ __forceinline__ void multiply(float4 (&sums)[STREAM_TILES],
                                                const Weights& weights,
                                                const Element* activations, int lane) {
  const float4* streams = reinterpret_cast<const float4*>(activations) + lane % 4 * 8;
#pragma unroll CHANNELS_AT_ONCE
  for (int i = 0; i < 4; i++) {
    const float4 upper = weights.outputs[i * 16], lower = weights.outputs[i * 16 + 8];
#pragma unroll
    for (int n = 0; n < STREAM_TILES; n++) {
      const float4 left = streams[n * ACTIVATIONS_IN_TILE / 4 + i];
      const float4 right = streams[n * ACTIVATIONS_IN_TILE / 4 + 4 + i];
      multiply_one(sums[n].x, upper, left);
      multiply_one(sums[n].y, upper, right);
      multiply_one(sums[n].z, lower, left);
      multiply_one(sums[n].w, lower, right);
    }
  }
}

static __device__ __forceinline__ Element to_element(float x) { return x; }

static __device__ __forceinline__ int place_in_tile(int channel, int stream) {
  return stream * 16 + channel;
}

#endif

// Where activations of a channel and a stream lie among those of one sample.
static __device__ __forceinline__ int place(int channel, int stream) {
  return (channel / 16 * STREAM_TILES + stream / 8) * ACTIVATIONS_IN_TILE +
         place_in_tile(channel % 16, stream % 8);
}
