// What can be measured: loops over the calls of one side, set up and ready to run.
#ifndef ANYSPLICE_TOOLS_BENCH_WORK_H_
#define ANYSPLICE_TOOLS_BENCH_WORK_H_

#include <sys/types.h>

#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/bench/placement.h"
#include "tools/bench/sides.h"

namespace anysplice::tools::bench {

// What varies between the measurements of one kind of work.
struct Setting {
  size_t size = size_t{64} * 1024;  // bytes of one operation
  size_t pipes = 1;
  size_t threads = 1;     // each with a Work of its own
  bool one_pipe = false;  // which all of them share
  Placement placement = Placement::kAnywhere;
};

// One loop's descriptors, memory and peers. Not thread-safe; pipes are of the side.
class Work {
 public:
  virtual ~Work() = default;
  // One operation: the bytes it carried, or -errno.
  virtual ssize_t once() = 0;
  // Operations after which everything has been touched.
  virtual size_t warm_up() const { return 16; }
};

struct Kind {
  absl::string_view name;     // on the command line
  absl::string_view title;    // in reports
  absl::string_view explain;  // what one operation is
  bool by_time;               // reported as us an operation, else as bytes a second
  unsigned calls;             // bit set of Call: what the kernel must have
  bool copies;                // whether Side::kCopies, Side::kLoop exist for it
  bool loop;
  bool peers;  // whether processes take part that may have a processor of their own
  // Null if something could not be had (errno).
  std::unique_ptr<Work> (*make)(Side, const Calls&, const Setting&);

  bool has(Side side) const { return side == Side::kCopies ? copies : side != Side::kLoop || loop; }
};

// All of them, in the order of reports, and one by name (null if there is none).
absl::Span<const Kind> all_kinds();
const Kind* find_kind(absl::string_view name);

using Maker = std::unique_ptr<Work>(Side, const Calls&, const Setting&);
// work_streams.cc
Maker make_file_to_tcp, make_file_to_tcp_nodelay, make_sendfile_to_tcp, make_tcp_to_tcp,
    make_file_to_file, make_byte_relay;
// work_pipes.cc
Maker make_pipe_to_pipe, make_tee_and_discard, make_file_to_null, make_splice_to_process;
// work_memory.cc
Maker make_vmsplice_to_null, make_vmsplice_to_tcp, make_vmsplice_to_read, make_vmsplice_to_process;

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_WORK_H_
