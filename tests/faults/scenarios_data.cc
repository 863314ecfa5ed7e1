// Transfers of every kind of end, one after another, as programs do them.
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "core/calls/engine.h"
#include "core/memory/user_memory.h"
#include "core/policy/mode.h"
#include "states.h"
#include "world.h"

using namespace faults;

SCENARIO(file_to_file) {
  Box& from = w.source(150000);
  Box& p = w.pipe();
  Box& to = w.sink();
  for (int i = 0; i < 4; ++i) {
    w.splice(from, p, 50000, kNow);
    w.splice(p, to, 40000, kNow);
  }
}

SCENARIO(file_to_file_through_a_stranger) {
  Box& from = w.source(150000);
  Box& p = w.stranger();
  Box& to = w.sink();
  for (int i = 0; i < 4; ++i) {
    w.splice(from, p, 50000, kNow);
    w.splice(p, to, 40000, kNow);
  }
}

SCENARIO(offsets) {
  Box& from = w.source(30000);
  Box& p = w.pipe();
  Box& to = w.sink();
  off64_t in = 0;
  off64_t out = 0;
  for (int i = 0; i < 3; ++i) {
    w.splice(from, p, 12345, kNow, &in, nullptr);
    w.splice(p, to, 10000, kNow, nullptr, &out);
  }
  lseek64(from.out, in, SEEK_SET);
  w.expect(static_cast<size_t>(out) == to.account.size(), "the offset is not what was moved");
}

SCENARIO(through_a_fifo) {
  Box& from = w.source(50000);
  Box& p = w.fifo();
  Box& to = w.sink();
  for (int i = 0; i < 3; ++i) {
    w.splice(from, p, 50000, kNow);
    w.tee(p, w.fifo(), 5000, kNow);
    w.splice(p, to, 40000, kNow);
  }
}

SCENARIO(to_a_stream) {
  Box& p = w.pipe();
  Box& to = w.socket(SOCK_STREAM);
  w.write(p, 9000);
  w.splice(p, to, 5000, SPLICE_F_MORE | kNow);
  w.vmsplice_in(p, 3000, kNow);
  w.splice(p, to, 100000, kNow);
}

SCENARIO(to_tcp_from_a_stranger) {
  Box& p = w.stranger();
  Box& to = w.tcp();
  w.put_in(p, 9000);
  w.splice(p, to, 5000, kNow);
  w.vmsplice_in(p, 3000, kNow);
  w.splice(p, to, 100000, kNow);
}

SCENARIO(as_messages) {
  Box& p = w.pipe();
  Box& q = w.stranger();
  Box& to = w.socket(SOCK_SEQPACKET);
  w.write(p, 900);
  w.splice(p, to, 500, kNow);
  w.splice(p, to, 500, kNow);
  w.put_in(q, 900);
  w.splice(q, to, 500, kNow);
  w.splice(q, to, 500, kNow);
}

SCENARIO(from_a_stream) {
  Box& from = w.talking(SOCK_STREAM, 30000);
  Box& p = w.pipe();
  Box& to = w.sink();
  w.splice(from, p, 20000, kNow);
  w.splice(p, to, 15000, kNow);
  w.splice(from, p, 20000, kNow);
  w.splice(p, to, 50000, kNow);
}

SCENARIO(from_tcp_into_a_stranger_that_has_bytes) {
  Box& from = w.talking_tcp(30000);
  Box& p = w.stranger();
  w.put_in(p, 100);
  w.splice(from, p, 20000, kNow);
  w.splice(p, w.socket(SOCK_STREAM), 15000, kNow);
  w.splice(from, p, 20000, kNow);
}

SCENARIO(from_messages) {
  Box& from = w.talking(SOCK_SEQPACKET, 3000);
  w.put_in(from, 500);
  Box& p = w.pipe();
  w.splice(from, p, 20000, kNow);
  w.splice(from, p, 20000, kNow);
}

SCENARIO(between_pipes) {
  Box& a = w.pipe();
  Box& b = w.pipe();
  Box& c = w.stranger();
  Box& d = w.stranger();
  w.write(a, 20000);
  w.splice(a, b, 15000, kNow);
  w.splice(b, c, 10000, kNow);
  w.splice(c, d, 8000, kNow);
  w.splice(d, a, 6000, kNow);
  w.splice(a, b, 30000, kNow);
  if (!b.account.empty()) w.read(b, 100);
}

SCENARIO(linked_pipes) {
  Box& a = w.pipe();
  Box& b = w.pipe();
  Box& c = w.stranger();
  Box& d = w.stranger();
  w.write(a, 20000);
  w.tee(a, b, 15000, kNow);
  w.tee(b, c, 10000, kNow);
  w.tee(c, d, 8000, kNow);
  w.tee(d, a, 6000, kNow);
  if (!c.account.empty()) w.read(c, 3000);
  w.tee(c, d, 3000, kNow);
  w.splice(d, b, 10000, kNow);
}

SCENARIO(memory) {
  Box& a = w.pipe();
  Box& b = w.stranger();
  for (Box* p : {&a, &b}) {
    w.vmsplice_in(*p, 20000, kNow);
    w.vmsplice_out(*p, 5000, kNow);
    w.tee(*p, w.pipe(), 5000, kNow);
    w.vmsplice_out(*p, 5000, kNow);
    w.vmsplice_out(*p, 50000, kNow);
    w.vmsplice_out(*p, 50000, kNow);
  }
}

SCENARIO(memory_as_by_write) {
  anysplice::let_vmsplice_write(true);
  Box& p = ring(w, 100);
  w.vmsplice_in(p, 3000, 0);
  w.vmsplice_in(p, 3000, kNow);
  read_some(w, p);
}

SCENARIO(bad_memory) {
  Box& a = w.pipe();
  Box& b = w.stranger();
  char* nowhere = reinterpret_cast<char*>(4096);
  for (Box* p : {&a, &b}) {
    w.write(*p, 3000);
    if (p->account.empty()) return;
    const iovec bad{nowhere, 100};
    w.expect(anysplice::vmsplice(p->out, &bad, 1, kNow) == -1, "bad memory was written to");
    w.expect(anysplice::vmsplice(p->in, &bad, 1, kNow) == -1, "bad memory was read");
    w.expect(anysplice::read(p->out, nowhere, 10) == -1, "bad memory was read into");
    w.tee(*p, w.pipe(), 1000, kNow);
    w.expect(anysplice::read(p->out, nowhere, 10) == -1, "bad memory was read into");
    w.expect(anysplice::splice(p->out, nullptr, w.sink().in, reinterpret_cast<off64_t*>(nowhere),
                               10, 0) == -1,
             "an offset from nowhere");
  }
}

SCENARIO(sendfile_to_all) {
  Box& from = w.source(100000);
  w.sendfile(w.sink(), from, 10000);
  w.sendfile(w.socket(SOCK_STREAM), from, 10000);
  w.sendfile(w.tcp(), from, 10000);
  w.sendfile(w.pipe(), from, 10000);
  w.sendfile(w.stranger(), from, 10000);
  w.sendfile(w.socket(SOCK_SEQPACKET), from, 3000);
}

SCENARIO(sendfile_by_more_than_one_chunk) {
  Box& to = w.socket(SOCK_STREAM);
  // Poll calls it writable with less than a quarter in it.
  const int large = 1 << 20;
  setsockopt(to.in, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
  w.sendfile(to, w.source(120000), 100000);
}

SCENARIO(sendfile_of_much) { w.sendfile(w.socket(SOCK_STREAM), w.source(200000), 190000); }

SCENARIO(sendfile_from_an_offset) {
  Box& from = w.source(100000);
  off64_t at = 0;
  w.sendfile(w.sink(), from, 10000, &at);
  w.sendfile(w.socket(SOCK_STREAM), from, 10000, &at);
  lseek64(from.out, at, SEEK_SET);
  at = INT64_MAX - 20000;
  w.expect(anysplice::sendfile(w.sink().in, from.out, &at, 100) <= 0, "bytes from beyond");
  at = int64_t{1} << 41;
  w.expect(anysplice::sendfile(w.sink().in, from.out, &at, 100) <= 0, "bytes from beyond");
}

// Those of a program whose offsets are narrow are stored by other means.
SCENARIO(offsets_of_32_bits) {
  int32_t at = 7;
  w.expect(anysplice::store_offset(&at, 9) != 0 || at == 9, "an offset that was not stored");
  w.expect(anysplice::store_offset(static_cast<int32_t*>(nullptr), 9) != 0, "stored nowhere");
}

SCENARIO(devices) {
  Box& null = w.device("/dev/null");
  Box& zero = w.device("/dev/zero");
  Box& p = w.pipe();
  Box& q = w.stranger();
  for (Box* box : {&p, &q}) {
    w.write(*box, 5000);
    w.tee(*box, w.pipe(), 5000, kNow);
    w.splice(*box, null, 3000, kNow);
    off64_t at = 0;
    w.splice(*box, null, 1000, kNow, nullptr, &at);
    Box& zeros = w.pipe();
    zeros.loses = true;
    w.splice(zero, zeros, 3000, kNow);
    Box& others = w.stranger();
    others.loses = true;
    w.splice(zero, others, 3000, kNow);
    w.splice(*box, zero, 100, kNow);
  }
}

SCENARIO(a_device_with_long_messages) {
  Box& zero = w.device("/dev/zero");
  Box& p = w.pipe();
  p.loses = true;
  if (anysplice::fcntl(p.in, F_SETPIPE_SZ, 1 << 20) < 0) return;
  w.splice(zero, p, 1 << 20, kNow);
}

SCENARIO(to_a_terminal) {
  int master = -1;
  int slave = -1;
  termios raw{};
  cfmakeraw(&raw);
  char name[64];
  if (openpty(&master, &slave, name, &raw, nullptr) != 0) return;
  Box& terminal = w.device(name);
  for (Box* box : {&w.pipe(), &w.stranger()}) {
    w.write(*box, 500);
    w.splice(*box, terminal, 300, kNow);
  }
}

SCENARIO(to_a_device_that_does_not_wait) {
  Box& zero = w.device("/dev/zero");
  if (anysplice::fcntl(zero.in, F_SETFL, O_NONBLOCK) != 0) return;
  Box& p = w.pipe();
  w.write(p, 500);
  w.splice(p, zero, 300, kNow);
}

SCENARIO(large_lengths) {
  Box& from = w.source(5000);
  Box& p = w.pipe();
  w.splice(from, p, SIZE_MAX / 2 + 1, kNow);
  w.splice(from, p, SIZE_MAX / 2, kNow);
  w.splice(p, w.sink(), SIZE_MAX / 2, kNow);
}

SCENARIO(packets) {
  Box& a = w.pipe(O_DIRECT);
  Box& b = w.pipe(O_DIRECT);
  Box& c = w.stranger(O_DIRECT);
  w.write(a, 300);
  w.write(a, 400);
  w.tee(a, b, 5000, kNow);
  w.splice(a, c, 5000, kNow);
  w.splice(b, w.sink(), 5000, kNow);
  w.vmsplice_in(b, 200, kNow);
  w.vmsplice_out(b, 4096, kNow);
}
