// What load generators do: a static buffer is in a master pipe, once; each request tees it into a
// pipe of its thread and splices that into a connection. The buffer is changed between rounds, and
// each client prints what it got.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 3;
constexpr int kRounds = 20;
constexpr int kRequests = 25;  // of each thread in each round
constexpr size_t kReply = 16384;

alignas(4096) std::array<char, kReply> reply;
int master[2];
std::barrier rounds(kThreads + 1);
std::array<std::vector<std::string>, kThreads> got;

void check(bool good, const char* what) {
  if (good) return;
  perror(what);
  _exit(1);
}

void send_reply(const int ends[2], int connection) {
  // Each thread has a part of the master pipe's bytes only as long as nobody takes them out.
  check(tee(master[0], ends[1], kReply, 0) == kReply, "tee");
  for (size_t left = kReply; left > 0;) {
    const ssize_t n = splice(ends[0], nullptr, connection, nullptr, left, 0);
    check(n > 0, "splice");
    left -= static_cast<size_t>(n);
  }
}

std::string receive(int connection) {
  std::string bytes(kReply, '\0');
  for (size_t at = 0; at < kReply;) {
    const ssize_t n = read(connection, &bytes[at], kReply - at);
    check(n > 0, "read");
    at += static_cast<size_t>(n);
  }
  return bytes;
}

void work(size_t number) {
  int ends[2];
  int connection[2];
  check(pipe(ends) == 0, "pipe");
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, connection) == 0, "socketpair");
  for (int round = 0; round < kRounds; ++round) {
    rounds.arrive_and_wait();
    for (int i = 0; i < kRequests; ++i) {
      send_reply(ends, connection[0]);
      got[number].push_back(receive(connection[1]));
    }
    rounds.arrive_and_wait();
  }
}

}  // namespace

int main() {
  check(pipe(master) == 0, "pipe");
  reply.fill('-');
  const iovec whole{reply.data(), reply.size()};
  check(vmsplice(master[1], &whole, 1, 0) == kReply, "vmsplice");
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (int round = 0; round < kRounds; ++round) {
    snprintf(reply.data() + 100, 20, "round %d", round);
    memset(reply.data() + 9000, 'a' + round, 1000);
    rounds.arrive_and_wait();
    rounds.arrive_and_wait();
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& replies : got) {
    for (const std::string& one : replies) {
      size_t letters = 0;
      while (one[9000 + letters] == one[9000]) ++letters;
      printf("%s %c %zu\n", one.c_str() + 100, one[9000], letters);
    }
  }
  return 0;
}
