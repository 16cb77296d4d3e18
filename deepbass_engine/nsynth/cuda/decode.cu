// Decodes all streams of a batch for many samples in one launch.
//
// Outputs are computed in tiles of 16, each by one block, the same one throughout. For every sample
// there are these phases, each of which reads what the one before it wrote:
//
//   start        hidden and skip sums of the first layer, from the samples fed last
//   gate         of each layer: the gated activations, from the hidden ones, present and past
//   out          of each layer: adds to the hidden and the skip sums
//   head         relu(out1(relu(skip sums)))
//   logits
//   sample       softmax, and a class for each stream: the next sample fed
//
// The blocks share no barrier. Whoever has written a part of an output adds 1 to the counter of that
// output, and whoever reads the output waits until its counter says that all of it is there.
// Nothing is written again before it has been read by all: each sample's first phase waits for the
// classes of the sample before, which wait for everything that reads anything.
//
// What doesn't need the present sample is done before the wait: the product with the past, and
// fetching the weights of the product with the present.
//
// The warps of a block share out the channels a tile is summed over and add up their parts in the
// order of the warps. So a sum's order depends on neither the streams nor the number of blocks.

constexpr int LANES = 32;
constexpr int THREADS = WARPS * LANES;
constexpr int STREAMS = STREAM_TILES * 8;
constexpr int SHARES = (STREAM_TILES + WARPS - 1) / WARPS;  // tiles of streams a warp finishes
constexpr int COUNTER_STRIDE = 32;                          // each in a cache line of its own
constexpr int JOB_BYTES = (sizeof(Job) + 15) / 16 * 16;

static __device__ __forceinline__ float4 add(float4 a, float4 b) {
  return float4{a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
}

static __device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

static __device__ __forceinline__ float relu(float x) { return fmaxf(x, 0.0f); }

// Writes a tile's outputs, channel and channel + 8 for two streams, as activations.
static __device__ __forceinline__ void store(Element* activations, int channel, int stream,
                                             float4 values) {
  activations[place(channel, stream)] = to_element(values.x);
  activations[place(channel, stream + 1)] = to_element(values.y);
  activations[place(channel + 8, stream)] = to_element(values.z);
  activations[place(channel + 8, stream + 1)] = to_element(values.w);
}

struct NoPast {
  __device__ void operator()(float4 (&)[STREAM_TILES]) const {}
};

struct Block {
  const Job& job;
  float4* partial;    // sums of each warp
  Element* resident;  // weights kept in shared memory
  int warp, lane, row, column;
  int first_gate, n_gates, first_out, n_outs;  // this block's tiles
  int n_resident_layers, n_resident_past_layers;
  int step, t;

  __device__ Block(const Job& job, char* shared)
      : job(job),
        partial(reinterpret_cast<float4*>(shared + JOB_BYTES)),
        resident(reinterpret_cast<Element*>(partial + WARPS * STREAM_TILES * LANES)),
        warp(threadIdx.x / LANES),
        lane(threadIdx.x % LANES),
        row(lane / 4),
        column(lane % 4 * 2) {
    const int n_blocks = gridDim.x, block = blockIdx.x;
    first_gate = block;
    n_gates = count(first_gate, job.n_gate_tiles);
    first_out = (block + n_blocks - job.n_gate_tiles % n_blocks) % n_blocks;
    n_outs = count(first_out, n_out_tiles());
  }

  __device__ int count(int first, int n) const {
    return first < n ? (n - first + gridDim.x - 1) / gridDim.x : 0;
  }

  __device__ int n_out_tiles() const { return job.n_hidden_tiles + job.n_skip_tiles; }
  __device__ int panel() const { return job.n_hidden_tiles * WEIGHTS_IN_TILE; }
  __device__ size_t slot() const {
    return size_t(job.n_hidden_tiles) * STREAM_TILES * ACTIVATIONS_IN_TILE;
  }

  // Weights in global memory.
  __device__ const Element* gate_weights(int layer, int tile) const {
    return job.gate_weights + (size_t(layer) * job.n_gate_tiles + tile) * job.n_taps * panel();
  }
  __device__ const Element* out_weights(int layer, int tile) const {
    return job.out_weights + (size_t(layer) * n_out_tiles() + tile) * panel();
  }

  // Keeps this block's weights of the first layers in shared memory, as many as fit: those of the
  // present first, and if all do, those of the past.
  __device__ void fill_resident() {
    const int n_past = n_gates * (job.n_taps - 1) * panel();
    const int n_layer = (n_gates + n_outs) * panel();
    n_resident_layers = n_layer ? min(job.n_layers, job.n_resident / n_layer) : 0;
    const int n_left = job.n_resident - job.n_layers * n_layer;
    n_resident_past_layers = n_past && n_left > 0 ? min(job.n_layers, n_left / n_past) : 0;
    for (int layer = 0; layer < n_resident_layers; layer++) {
      for (int i = 0; i < n_gates; i++)
        keep(present_in_shared(layer, i),
             gate_weights(layer, first_gate + i * gridDim.x) + (job.n_taps - 1) * panel(), panel());
      for (int i = 0; i < n_outs; i++)
        keep(present_in_shared(layer, n_gates + i),
             out_weights(layer, first_out + i * gridDim.x), panel());
    }
    for (int layer = 0; layer < n_resident_past_layers; layer++)
      for (int i = 0; i < n_gates; i++)
        keep(past_in_shared(layer, i), gate_weights(layer, first_gate + i * gridDim.x),
             (job.n_taps - 1) * panel());
    __syncthreads();
  }

  __device__ Element* present_in_shared(int layer, int i) const {
    return resident + (layer * (n_gates + n_outs) + i) * panel();
  }
  __device__ Element* past_in_shared(int layer, int i) const {
    return resident + job.n_layers * (n_gates + n_outs) * panel() +
           (layer * n_gates + i) * (job.n_taps - 1) * panel();
  }

  __device__ void keep(Element* to, const Element* from, int n) const {
    const int n_vectors = n * int(sizeof(Element)) / int(sizeof(uint4));
    for (int i = threadIdx.x; i < n_vectors; i += THREADS)
      reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];
  }

  // Counters: hidden activations and gates of each layer, then these.
  __device__ unsigned* counter(int i) const { return job.counters + i * COUNTER_STRIDE; }
  __device__ unsigned* hidden_counter(int layer) const { return counter(2 * layer); }
  __device__ unsigned* gate_counter(int layer) const { return counter(2 * layer + 1); }
  __device__ unsigned* skip_counter() const { return counter(2 * job.n_layers); }
  __device__ unsigned* head_counter() const { return counter(2 * job.n_layers + 1); }
  __device__ unsigned* logits_counter() const { return counter(2 * job.n_layers + 2); }
  __device__ unsigned* sample_counter() const { return counter(2 * job.n_layers + 3); }

  // What a counter says when so many tiles are there for all samples up to the present one.
  __device__ unsigned all_of(int n_tiles) const { return (step + 1u) * n_tiles * STREAM_TILES; }

  __device__ void poll(const unsigned* counter, unsigned target) const {
    unsigned polls = 0;
    while (load_acquire(counter) < target)
      if (++polls == POLLS_BEFORE_GIVING_UP) give_up();
  }

  // For the whole block.
  __device__ void wait(const unsigned* counter, unsigned target) const {
    if (threadIdx.x == 0) poll(counter, target);
    __syncthreads();
  }

  // For the writes of the whole warp.
  __device__ void announce(unsigned* counter) const {
    __syncwarp();
    if (lane == 0) add_release(counter, 1);
  }

  // Adds this warp's share of the products of a tile with activations, from channel tile `first`.
  __device__ void add_products(float4 (&sums)[STREAM_TILES], const Element* weights,
                               const Element* activations, int first, int n_channel_tiles) const {
#pragma unroll TILES_AT_ONCE
    for (int k = first; k < n_channel_tiles; k += WARPS)
      multiply(sums, load_weights(weights + k * WEIGHTS_IN_TILE, lane),
               activations + k * STREAM_TILES * ACTIVATIONS_IN_TILE, lane);
  }

  // Computes one tile: adds up what `past` adds and, after the wait, the products with the
  // activations; then the sums of all warps and what each tile of streams begins with. Hands the
  // totals to `finish`.
  template <class Past, class Begin, class Finish>
  __device__ void compute(const Element* weights, const Element* activations, int n_channel_tiles,
                          const unsigned* counter, unsigned target, Past past, Begin begin,
                          Finish finish) {
    Weights ahead[TILES_AHEAD];
#pragma unroll
    for (int i = 0; i < TILES_AHEAD; i++)
      if (warp + i * WARPS < n_channel_tiles)
        ahead[i] = load_weights(weights + (warp + i * WARPS) * WEIGHTS_IN_TILE, lane);
    float4 beginnings[SHARES];
#pragma unroll
    for (int share = 0; share < SHARES; share++)
      if (warp + share * WARPS < STREAM_TILES) beginnings[share] = begin(warp + share * WARPS);
    float4 sums[STREAM_TILES] = {};
    past(sums);

    wait(counter, target);

#pragma unroll
    for (int i = 0; i < TILES_AHEAD; i++) {
      const int k = warp + i * WARPS;
      if (k < n_channel_tiles)
        multiply(sums, ahead[i], activations + k * STREAM_TILES * ACTIVATIONS_IN_TILE, lane);
    }
    add_products(sums, weights, activations, warp + TILES_AHEAD * WARPS, n_channel_tiles);

    // Those who read the sums of the tile before have passed the wait above since.
#pragma unroll
    for (int n = 0; n < STREAM_TILES; n++)
      partial[(warp * STREAM_TILES + n) * LANES + lane] = sums[n];
    __syncthreads();
#pragma unroll
    for (int share = 0; share < SHARES; share++) {
      const int n = warp + share * WARPS;
      if (n < STREAM_TILES) {
        float4 total = partial[n * LANES + lane];
#pragma unroll
        for (int w = 1; w < WARPS; w++)
          total = add(total, partial[(w * STREAM_TILES + n) * LANES + lane]);
        finish(n, add(total, beginnings[share]));
      }
    }
  }

  // Where the hidden activations of a layer lie, `back` samples ago.
  __device__ Element* hidden(int layer, int back) const {
    const int length = (job.n_taps - 1) * job.dilations[layer] + 1;
    return job.rings + (job.ring_firsts[layer] + (t + length - back) % length) * slot();
  }
  __device__ Element* gates(int layer) const { return job.gates + layer * slot(); }
  __device__ float4* own_sums(int tile, int n) const {
    return job.sums + (tile * STREAM_TILES + n) * LANES + lane;
  }
  __device__ float4 conditioning(int panel, int n) const {
    const int frame = t / job.hop - job.first_frame;
    return job.conditioning[((frame * n_conditioned() + panel) * STREAM_TILES + n) * LANES + lane];
  }
  __device__ int n_conditioned() const {
    return job.n_layers * job.n_gate_tiles + job.n_skip_tiles;
  }
  static __device__ float4 biases(const float* of_tile, int row) {
    return float4{of_tile[row], of_tile[row], of_tile[row + 8], of_tile[row + 8]};
  }

  __device__ void publish_hidden(int layer, int tile, int n, float4 values) const {
    store(hidden(layer, 0), tile * 16 + row, n * 8 + column, values);
    announce(hidden_counter(layer));
  }

  __device__ void start(int tile) const {
    for (int n = warp; n < STREAM_TILES; n += WARPS) {
      const float* weights = job.start_weights + (tile * 16 + row) * job.n_taps;
      const float* lower = weights + 8 * job.n_taps;
      float4 sums = biases(job.start_biases + tile * 16, row);
      for (int tap = 0; tap < job.n_taps; tap++) {
        const float* fed = job.fed + (t + tap + 1) % job.n_taps * STREAMS + n * 8 + column;
        sums.x = fmaf(weights[tap], fed[0], sums.x);
        sums.y = fmaf(weights[tap], fed[1], sums.y);
        sums.z = fmaf(lower[tap], fed[0], sums.z);
        sums.w = fmaf(lower[tap], fed[1], sums.w);
      }
      *own_sums(tile, n) = sums;
      if (tile < job.n_hidden_tiles) publish_hidden(0, tile, n, sums);
    }
  }

  __device__ void gate(int layer, int i) {
    const int tile = first_gate + i * gridDim.x;
    const Element* past = layer < n_resident_past_layers ? past_in_shared(layer, i)
                                                         : gate_weights(layer, tile);
    const Element* present = layer < n_resident_layers
                                 ? present_in_shared(layer, i)
                                 : gate_weights(layer, tile) + (job.n_taps - 1) * panel();
    compute(
        present, hidden(layer, 0), job.n_hidden_tiles, hidden_counter(layer),
        all_of(job.n_hidden_tiles),
        [&](float4 (&sums)[STREAM_TILES]) {
          for (int tap = 0; tap < job.n_taps - 1; tap++)
            add_products(sums, past + tap * panel(),
                         hidden(layer, (job.n_taps - 1 - tap) * job.dilations[layer]), warp,
                         job.n_hidden_tiles);
        },
        [&](int n) { return conditioning(layer * job.n_gate_tiles + tile, n); },
        [&](int n, float4 y) {
          // Outputs 0 to 7 of the tile are the sigmoids' of 8 channels, the others the tanhs'.
          Element* to = gates(layer);
          const int channel = tile * 8 + row, stream = n * 8 + column;
          to[place(channel, stream)] = to_element(sigmoid(y.x) * tanhf(y.z));
          to[place(channel, stream + 1)] = to_element(sigmoid(y.y) * tanhf(y.w));
          announce(gate_counter(layer));
        });
  }

  __device__ void out(int layer, int i) {
    const int tile = first_out + i * gridDim.x;
    const bool last = layer == job.n_layers - 1;
    if (last && tile < job.n_hidden_tiles) return;  // nothing reads it
    const Element* weights = layer < n_resident_layers ? present_in_shared(layer, n_gates + i)
                                                       : out_weights(layer, tile);
    compute(
        weights, gates(layer), job.n_hidden_tiles, gate_counter(layer), all_of(job.n_gate_tiles),
        NoPast(),
        [&](int n) {
          return add(*own_sums(tile, n),
                     biases(job.out_biases + (layer * n_out_tiles() + tile) * 16, row));
        },
        [&](int n, float4 y) {
          *own_sums(tile, n) = y;
          if (tile < job.n_hidden_tiles) {
            publish_hidden(layer + 1, tile, n, y);
          } else if (last) {
            store(job.skips, (tile - job.n_hidden_tiles) * 16 + row, n * 8 + column,
                  float4{relu(y.x), relu(y.y), relu(y.z), relu(y.w)});
            announce(skip_counter());
          }
        });
  }

  __device__ void head(int tile) {
    compute(
        job.head_weights + tile * job.n_skip_tiles * WEIGHTS_IN_TILE, job.skips, job.n_skip_tiles,
        skip_counter(), all_of(job.n_skip_tiles), NoPast(),
        [&](int n) { return conditioning(job.n_layers * job.n_gate_tiles + tile, n); },
        [&](int n, float4 y) {
          store(job.heads, tile * 16 + row, n * 8 + column,
                float4{relu(y.x), relu(y.y), relu(y.z), relu(y.w)});
          announce(head_counter());
        });
  }

  __device__ void logits(int tile) {
    compute(
        job.logits_weights + tile * job.n_skip_tiles * WEIGHTS_IN_TILE, job.heads, job.n_skip_tiles,
        head_counter(), all_of(job.n_skip_tiles), NoPast(),
        [&](int) { return biases(job.logits_biases + tile * 16, row); },
        [&](int n, float4 y) {
          float* to = job.logits + (n * 8 + column) * 256 + tile * 16 + row;
          to[0] = y.x;
          to[256] = y.y;
          to[8] = y.z;
          to[256 + 8] = y.w;
          announce(logits_counter());
        });
  }

  // By one warp; lane i has classes i, 32 + i and so on.
  __device__ void sample(int stream) const {
    const size_t sample = size_t(step) * job.n_streams + stream;
    const float threshold = job.thresholds ? job.thresholds[sample] : 0.0f;
    poll(logits_counter(), all_of(job.n_class_tiles));
    const unsigned all = 0xffffffffu;
    const int n = job.n_classes;
    float p[8];
    float highest = -3.4e38f, sum = 0.0f;
#pragma unroll
    for (int j = 0; j < 8; j++) {
      p[j] = j * LANES + lane < n ? job.logits[stream * 256 + j * LANES + lane] : -3.4e38f;
      highest = fmaxf(highest, p[j]);
    }
    for (int apart = LANES / 2; apart; apart /= 2)
      highest = fmaxf(highest, __shfl_xor_sync(all, highest, apart));
#pragma unroll
    for (int j = 0; j < 8; j++) {
      p[j] = j * LANES + lane < n ? expf(p[j] - highest) : 0.0f;
      sum += p[j];
    }
    for (int apart = LANES / 2; apart; apart /= 2) sum += __shfl_xor_sync(all, sum, apart);

    float cumulative = 0.0f;
    int picked = 0;
#pragma unroll
    for (int j = 0; j < 8; j++) {
      p[j] = p[j] / sum;
      if (job.probabilities && j * LANES + lane < n)
        job.probabilities[sample * n + j * LANES + lane] = p[j];
      if (job.thresholds)
        for (int from = 0; from < LANES; from++) {
          cumulative += __shfl_sync(all, p[j], from);
          picked += cumulative < threshold;
        }
    }
    if (lane == 0) {
      if (job.thresholds) job.classes[sample] = min(picked, n - 1);
      job.fed[(t + 1) % job.n_taps * STREAMS + stream] = (job.classes[sample] - 128) / 128.0f;
    }
    announce(sample_counter());
  }

  __device__ void decode() {
    fill_resident();
    for (step = 0; step < job.n_steps; step++) {
      t = job.first_step + step;
      if (n_outs) wait(sample_counter(), step * job.n_streams);
      for (int i = 0; i < n_outs; i++) start(first_out + i * gridDim.x);
      for (int layer = 0; layer < job.n_layers; layer++) {
        for (int i = 0; i < n_gates; i++) gate(layer, i);
        for (int i = 0; i < n_outs; i++) out(layer, i);
      }
      for (int tile = blockIdx.x; tile < job.n_skip_tiles; tile += gridDim.x) head(tile);
      for (int tile = blockIdx.x; tile < job.n_class_tiles; tile += gridDim.x) logits(tile);
      for (int stream = blockIdx.x + warp * gridDim.x; stream < job.n_streams;
           stream += WARPS * gridDim.x)
        sample(stream);
    }
  }
};

extern "C" __global__ void __launch_bounds__(THREADS, 1) decode(const Job* job) {
  char* const shared = shared_memory();
  for (int i = threadIdx.x; i < int(sizeof(Job) / sizeof(int)); i += THREADS)
    reinterpret_cast<int*>(shared)[i] = reinterpret_cast<const int*>(job)[i];
  __syncthreads();
  Block(*reinterpret_cast<const Job*>(shared), shared).decode();
}

// Before `decode`: what the encodings add to every tile of gates and of the head for the frames it
// will go through, in the order of sums; and all counters to 0.
extern "C" __global__ void __launch_bounds__(THREADS, 1) prepare(const Job* given) {
  const Job& job = *given;
  const int thread = blockIdx.x * THREADS + threadIdx.x, n_threads = gridDim.x * THREADS;
  for (int i = thread; i < (2 * job.n_layers + 4) * COUNTER_STRIDE; i += n_threads)
    job.counters[i] = 0;
  const int n_panels = job.n_layers * job.n_gate_tiles + job.n_skip_tiles;
  for (int i = thread; i < job.n_frames * n_panels * STREAM_TILES * LANES; i += n_threads) {
    const int lane = i % LANES, tile = i / LANES % STREAM_TILES;
    const int panel = i / LANES / STREAM_TILES % n_panels;
    const int frame = job.first_frame + i / LANES / STREAM_TILES / n_panels;
    const float* upper = job.conditioning_weights + (panel * 16 + lane / 4) * job.n_z;
    const float* lower = upper + 8 * job.n_z;
    const float* left = job.encodings + (frame * STREAMS + tile * 8 + lane % 4 * 2) * job.n_z;
    const float* right = left + job.n_z;
    float4 sums = Block::biases(job.conditioning_biases + panel * 16, lane / 4);
    for (int z = 0; z < job.n_z; z++) {
      sums.x = fmaf(upper[z], left[z], sums.x);
      sums.y = fmaf(upper[z], right[z], sums.y);
      sums.z = fmaf(lower[z], left[z], sums.z);
      sums.w = fmaf(lower[z], right[z], sums.w);
    }
    job.conditioning[i] = sums;
  }
}

// Puts streams `kept` of all hidden activations in the place of the first ones.
extern "C" __global__ void __launch_bounds__(THREADS, 1) rearrange(const Job* given) {
  const Job& job = *given;
  const int thread = blockIdx.x * THREADS + threadIdx.x, n_threads = gridDim.x * THREADS;
  const int n_channels = job.n_hidden_tiles * 16;
  for (int i = thread; i < job.n_slots * n_channels; i += n_threads) {
    const int channel = i % n_channels;
    Element* const slot = job.rings + size_t(i / n_channels) * n_channels * STREAMS;
    Element kept[STREAMS];
#pragma unroll
    for (int n = 0; n < STREAMS; n++)
      kept[n] = slot[place(channel, n < job.n_streams ? job.kept[n] : n)];
#pragma unroll
    for (int n = 0; n < STREAMS; n++) slot[place(channel, n)] = kept[n];
  }
}
