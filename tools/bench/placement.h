// On which processors a measured loop and its peers run. Where both are left to chance, rows vary
// by a factor of three.
#ifndef ANYSPLICE_TOOLS_BENCH_PLACEMENT_H_
#define ANYSPLICE_TOOLS_BENCH_PLACEMENT_H_

namespace anysplice::tools::bench {

enum class Placement {
  kAnywhere,  // for loops with nobody at the other end
  kTogether,  // the loop and its peers share one processor
  kApart,     // the loop has one processor, all its peers have another one
};

// Whether this process may use two processors, without which there is no kApart.
bool can_be_apart();

// Moves the calling thread to its processor, and remembers the placement for peers.
void place_loop(Placement placement);

// In a new peer: moves it to its processor.
void place_peer();

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_PLACEMENT_H_
