// What supervised.py measures. Linked statically, so that no library can be loaded into it.
//
//   supervised_work calls COUNT    nanoseconds for each of so many calls that are none of the
//   family supervised_work byte COUNT     the same for a splice of one byte, at most 65536
//   supervised_work relay MIB      MiB/s from one TCP connection to another, 64 KiB at a time: by
//                                  splice, or by read and write if the first splice says EINVAL
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace {

constexpr size_t kChunk = 65536;
constexpr long kMib = 1 << 20;
char chunk[kChunk];

[[noreturn]] void fail(const char* what) {
  perror(what);
  exit(1);
}

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <typename Call>
void tell_time(const char* name, long count, Call call) {
  const double start = now();
  for (long i = 0; i < count; ++i) {
    if (call() < 0) fail(name);
  }
  printf("%s %.1f\n", name, (now() - start) / static_cast<double>(count));
}

int calls(long count) {
  const int zero = open("/dev/zero", O_RDONLY);
  const int null = open("/dev/null", O_WRONLY);
  tell_time("getppid", count, [] { return syscall(SYS_getppid); });
  tell_time("read", count, [zero] { return read(zero, chunk, 1); });
  tell_time("write", count, [null] { return write(null, chunk, 1); });
  return 0;
}

// At most as many as a pipe has bytes.
int byte(long count) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  const int null = open("/dev/null", O_WRONLY);
  count = std::min(count, 65536L);
  if (write(ends[1], chunk, static_cast<size_t>(count)) != count) fail("write");
  tell_time("splice", count, [&] { return splice(ends[0], nullptr, null, nullptr, 1, 0); });
  return 0;
}

// The two ends of a connection over the loopback interface.
void connect_ends(int (&ends)[2]) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, name, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, name, &size) != 0) {
    fail("listen");
  }
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(ends[0], name, size) != 0) fail("connect");
  ends[1] = accept(listener, nullptr, nullptr);
  if (ends[1] < 0) fail("accept");
  close(listener);
}

// At the ends of the relay. Each is a process of its own, and sees the end of what it reads.
void send_all(int to, long bytes) {
  for (long left = bytes; left > 0;) {
    const ssize_t n = write(to, chunk, std::min<size_t>(kChunk, static_cast<size_t>(left)));
    if (n <= 0) fail("write");
    left -= n;
  }
}

void take_all(int from, long bytes) {
  ssize_t n;
  while ((n = read(from, chunk, kChunk)) > 0) bytes -= n;
  if (n < 0 || bytes != 0) fail("read");
}

void copy(int from, int to) {
  ssize_t n;
  while ((n = read(from, chunk, kChunk)) > 0) {
    if (write(to, chunk, static_cast<size_t>(n)) != n) fail("write");
  }
  if (n < 0) fail("read");
}

const char* pass_on(int from, int to) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  for (bool first = true;; first = false) {
    ssize_t left = splice(from, nullptr, ends[1], nullptr, kChunk, 0);
    if (left < 0 && first && errno == EINVAL) return copy(from, to), "copies";
    if (left < 0) fail("splice");
    if (left == 0) return "splices";
    while (left > 0) {
      const ssize_t n = splice(ends[0], nullptr, to, nullptr, static_cast<size_t>(left), 0);
      if (n <= 0) fail("splice");
      left -= n;
    }
  }
}

int relay(long mib) {
  int in[2], out[2];
  connect_ends(in);
  connect_ends(out);
  const double start = now();
  for (const bool sends : {true, false}) {
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child != 0) continue;
    for (const int fd : {sends ? in[1] : in[0], in[1], out[0], sends ? out[1] : out[0]}) {
      if (fd != (sends ? in[0] : out[1])) close(fd);
    }
    sends ? send_all(in[0], mib * kMib) : take_all(out[1], mib * kMib);
    _exit(0);
  }
  close(in[0]);
  close(out[1]);
  const char* const how = pass_on(in[1], out[0]);
  close(out[0]);
  for (int status; wait(&status) > 0;) {
    if (status != 0) return 1;
  }
  printf("%s %.1f\n", how, static_cast<double>(mib) / (now() - start) * 1e9);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 3 ? argv[1] : "";
  const long count = argc == 3 ? atol(argv[2]) : 0;
  if (count <= 0) return 2;
  if (what == "calls") return calls(count);
  if (what == "byte") return byte(count);
  return what == "relay" ? relay(count) : 2;
}
