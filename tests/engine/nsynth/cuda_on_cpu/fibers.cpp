// Runs the threads of a kernel as fibers of one thread. Which one goes on wherever threads can meet
// is drawn at random, and so that blocks run far ahead of each other and fall far behind: a wait
// that is missing shows in what is computed, and one that never ends is noticed.
//
// With WATCHED, ThreadSanitizer is told which fiber runs and what orders fibers among each other:
// barriers, and releases that are acquired. It then finds accesses that nothing orders, whatever
// the draw. This file itself is to be compiled without it.

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <random>
#include <utility>
#include <vector>

#ifdef WATCHED
#include <sanitizer/tsan_interface.h>
#else
static void __tsan_acquire(void*) {}
static void __tsan_release(void*) {}
#endif

namespace {

constexpr int LANES = 32;
constexpr size_t STACK_BYTES = 64 * 1024;

// Where something can go on.
struct Place {
  ucontext_t context;
  jmp_buf left;  // many times faster to go back to than a context
  bool was_left;
  void* watched;
};

struct Fiber {
  int block, thread, turn;
  Place place;
};

// Threads that wait until all of them are there.
struct Meeting {
  int n_expected = 0, n_arrived = 0;
  std::vector<int> waiting;

  void expect(int n) {
    n_expected = n;
    waiting.reserve(n);
  }
};

struct Warp {
  Meeting meeting;
  unsigned swapped[2][LANES][6];  // by turns: the slow still read what the fast have left behind
};

struct Block {
  Meeting barrier;
  std::vector<Warp> warps;
  std::vector<int> ready;
  char* shared;
};

std::vector<Fiber> fibers;
std::vector<Block> blocks;
int current;
Place scheduler;
bool given_up;
void (*kernel)(const void*);
const void* argument;

void change(Place& from, Place& to) {
#ifdef WATCHED
  __tsan_switch_to_fiber(to.watched, __tsan_switch_to_fiber_no_sync);
  swapcontext(&from.context, &to.context);
#else
  from.was_left = true;
  if (_setjmp(from.left)) return;
  if (to.was_left) _longjmp(to.left, 1);
  setcontext(&to.context);
#endif
}

void let_others_go_on() { change(fibers[current].place, scheduler); }

void make_ready(int fiber) { blocks[fibers[fiber].block].ready.push_back(fiber); }

void meet(Meeting& meeting) {
  if (++meeting.n_arrived < meeting.n_expected) {
    meeting.waiting.push_back(current);
  } else {
    meeting.n_arrived = 0;
    for (int fiber : meeting.waiting) make_ready(fiber);
    meeting.waiting.clear();
    make_ready(current);
  }
  let_others_go_on();
}

void meet_and_share_memory(Meeting& meeting) {
  __tsan_release(&meeting);
  meet(meeting);
  __tsan_acquire(&meeting);
}

Block& block() { return blocks[fibers[current].block]; }

Warp& warp() { return block().warps[fibers[current].thread / LANES]; }

void begin() {
  __tsan_acquire(&kernel);
  kernel(argument);
  __tsan_release(&kernel);
  let_others_go_on();
}

}  // namespace

extern "C" {

int cpu_thread() { return fibers[current].thread; }

int cpu_block() { return fibers[current].block; }

int cpu_blocks() { return int(blocks.size()); }

char* shared_memory() { return block().shared; }

void __syncthreads() { meet_and_share_memory(block().barrier); }

void __syncwarp() { meet_and_share_memory(warp().meeting); }

unsigned load_acquire(const unsigned* counter) {
  make_ready(current);
  let_others_go_on();
  __tsan_acquire(const_cast<unsigned*>(counter));
  return *counter;
}

void add_release(unsigned* counter, unsigned value) {
  __tsan_release(counter);
  *counter += value;
}

void give_up() {
  given_up = true;
  let_others_go_on();
}

const unsigned* swap_words(const unsigned* words) {
  Warp& mine = warp();
  auto& all = mine.swapped[fibers[current].turn ^= 1];
  memcpy(all[fibers[current].thread % LANES], words, sizeof(all[0]));
  meet(mine.meeting);
  return all[0];
}

// Runs a kernel; 0 if all its threads came to their end, 1 if some wait without end.
int run(void (*given_kernel)(const void*), const void* given_argument, int n_blocks, int n_threads,
        int n_shared_bytes, unsigned seed) {
  std::mt19937 random(seed);
  kernel = given_kernel;
  argument = given_argument;
  given_up = false;
  __tsan_release(&kernel);
  const size_t n_stack_bytes = size_t(n_blocks) * n_threads * STACK_BYTES;
  char* stacks = static_cast<char*>(mmap(nullptr, n_stack_bytes, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (stacks == MAP_FAILED) abort();
  const size_t n_shared = (size_t(n_shared_bytes) + 15) / 16 * 16;
  fibers.assign(size_t(n_blocks) * n_threads, Fiber{});
  blocks.assign(n_blocks, Block{});
#ifdef WATCHED
  scheduler.watched = __tsan_get_current_fiber();
#endif
  for (int b = 0; b < n_blocks; b++) {
    blocks[b].barrier.expect(n_threads);
    blocks[b].ready.reserve(n_threads);
    blocks[b].warps.resize(n_threads / LANES);
    for (Warp& warp : blocks[b].warps) warp.meeting.expect(LANES);
    blocks[b].shared = static_cast<char*>(aligned_alloc(16, n_shared + 16));
    memset(blocks[b].shared, 0xff, n_shared);  // NaN
    for (int t = 0; t < n_threads; t++) {
      const int i = b * n_threads + t;
      fibers[i].block = b;
      fibers[i].thread = t;
      Place& place = fibers[i].place;
      getcontext(&place.context);
      place.context.uc_stack.ss_sp = stacks + size_t(i) * STACK_BYTES;
      place.context.uc_stack.ss_size = STACK_BYTES;
      makecontext(&place.context, begin, 0);
#ifdef WATCHED
      place.watched = __tsan_create_fiber(0);
#endif
      make_ready(i);
    }
  }
  int favoured = 0;
  unsigned n_left = 0;
  std::vector<int> candidates;
  while (!given_up) {
    if (!n_left || blocks[favoured].ready.empty()) {
      candidates.clear();
      for (int b = 0; b < n_blocks; b++)
        if (!blocks[b].ready.empty()) candidates.push_back(b);
      if (candidates.empty()) break;
      favoured = candidates[random() % candidates.size()];
      n_left = 1u << random() % 10;
    }
    n_left--;
    std::vector<int>& ready = blocks[favoured].ready;
    std::swap(ready[random() % ready.size()], ready.back());
    current = ready.back();
    ready.pop_back();
    change(scheduler, fibers[current].place);
  }
  __tsan_acquire(&kernel);
  bool waiting = given_up;
  for (Block& block : blocks) {
    waiting |= block.barrier.n_arrived != 0;
    for (Warp& warp : block.warps) waiting |= warp.meeting.n_arrived != 0;
    free(block.shared);
  }
#ifdef WATCHED
  for (Fiber& fiber : fibers) __tsan_destroy_fiber(fiber.place.watched);
#endif
  munmap(stacks, n_stack_bytes);
  return waiting;
}

}  // extern "C"
