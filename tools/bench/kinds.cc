// The table of what can be measured.
#include "tools/bench/work.h"

namespace anysplice::tools::bench {
namespace {

constexpr unsigned bit(Call call) { return 1u << static_cast<unsigned>(call); }
constexpr unsigned kSplice = bit(Call::kSplice);
constexpr unsigned kTee = bit(Call::kTee);
constexpr unsigned kVmsplice = bit(Call::kVmsplice);
constexpr unsigned kSendfile = bit(Call::kSendfile);

// name, title, explain, by_time, calls, copies, loop, peers, make
constexpr Kind kKinds[] = {
    {"file-tcp", "file -> TCP", "splice from a file into a pipe, splice to a loopback connection",
     false, kSplice, true, true, true, make_file_to_tcp},
    {"file-tcp-nodelay", "file -> TCP, nodelay", "the same with TCP_NODELAY", false, kSplice, true,
     true, true, make_file_to_tcp_nodelay},
    {"sendfile-tcp", "sendfile -> TCP", "sendfile from a file to a loopback connection", false,
     kSendfile, true, true, true, make_sendfile_to_tcp},
    {"tcp-tcp", "TCP -> TCP", "splice from a connection into a pipe, splice to another connection",
     false, kSplice, true, true, true, make_tcp_to_tcp},
    {"byte-relay", "1-byte relay", "the same, one byte at a time", true, kSplice, true, true, false,
     make_byte_relay},
    {"file-file", "file -> file", "splice from a file into a pipe, splice to another file", false,
     kSplice, true, true, false, make_file_to_file},
    {"pipe-pipe", "pipe -> pipe", "one splice between two pipes", true, kSplice, true, false, false,
     make_pipe_to_pipe},
    {"tee-discard", "tee + discard", "tee into a second pipe, splice that to /dev/null", true,
     kSplice | kTee, false, false, false, make_tee_and_discard},
    {"vmsplice-null", "vmsplice -> null", "vmsplice into a pipe, splice to /dev/null", true,
     kSplice | kVmsplice, true, false, false, make_vmsplice_to_null},
    {"vmsplice-read", "vmsplice -> read", "vmsplice into a pipe, read from the pipe", true,
     kVmsplice, true, false, false, make_vmsplice_to_read},
    {"vmsplice-tcp", "vmsplice -> TCP", "vmsplice into a pipe, splice to a loopback connection",
     false, kSplice | kVmsplice, true, true, true, make_vmsplice_to_tcp},
    {"splice-process", "splice -> process", "splice from a file into a pipe another process reads",
     false, kSplice, true, false, true, make_splice_to_process},
    {"vmsplice-process", "vmsplice -> process", "vmsplice into a pipe another process reads", false,
     kVmsplice, true, false, true, make_vmsplice_to_process},
    {"file-null", "file -> null", "splice from a file into a pipe, splice to /dev/null", true,
     kSplice, true, false, false, make_file_to_null},
};

}  // namespace

absl::Span<const Kind> all_kinds() { return kKinds; }

const Kind* find_kind(absl::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace anysplice::tools::bench
