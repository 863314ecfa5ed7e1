// What a measured loop and all its peers have used so far.
#ifndef ANYSPLICE_TOOLS_BENCH_USAGE_H_
#define ANYSPLICE_TOOLS_BENCH_USAGE_H_

namespace anysplice::tools::bench {

struct Usage {
  double processor = 0;  // seconds
  double switches = 0;   // context switches
};

// Of this process and of the living peers that it made.
Usage usage_of_all();

inline Usage operator-(const Usage& a, const Usage& b) {
  return {a.processor - b.processor, a.switches - b.switches};
}

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_USAGE_H_
