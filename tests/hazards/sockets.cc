// Sinks and sources that take and give in their own way.
#include <linux/net_tstamp.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <thread>

#include "hazard.h"
#include "pairs.h"

using namespace hazard;

HAZARD(sockets_that_take_little) {
  const std::string bytes = pattern(60000);
  for (const bool nonblocking : {true, false}) {
    const Pair pair = tcp(Buffers::kSmall);
    if (nonblocking) fcntl(pair.ours, F_SETFL, O_NONBLOCK);
    const Pipe pipe;
    put(pipe.w, bytes);
    std::string got;
    std::thread peer([&] {
      while (got.size() < bytes.size()) got += take(pair.peer, 1 + got.size() % 100);
    });
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = splice(pipe.r, nullptr, pair.ours, nullptr, 1 << 20, 0);
      if (n > 0) done += static_cast<size_t>(n);
      if (n < 0) {
        CHECK_EQ(errno, EAGAIN);
        ready(pair.ours, POLLOUT, 1000);
      }
      // What did not go out is still there.
      CHECK_EQ(ready(pipe.r, POLLIN), done < bytes.size() ? POLLIN : 0);
    }
    shutdown(pair.ours, SHUT_WR);
    peer.join();
    CHECK_EQ(got, bytes);
  }
}

HAZARD(one_byte_at_a_time) {
  const std::string bytes = pattern(500);
  const Pair pair = tcp(Buffers::kSmall);
  const Pipe pipe;
  const int file = file_of(bytes);
  put(pipe.w, bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 1, SPLICE_F_MORE), 1);
    CHECK_EQ(sendfile(pair.ours, file, nullptr, 1), 1);
  }
  shutdown(pair.ours, SHUT_WR);
  std::string twice;
  for (const char byte : bytes) twice += {byte, byte};
  CHECK_EQ(take(pair.peer, 2000), twice);
}

HAZARD(full_socket_takes_nothing) {
  const Pair pair = sockets(SOCK_STREAM);
  fcntl(pair.ours, F_SETFL, O_NONBLOCK);
  size_t filled = 0;
  const std::string some = pattern(1000, 2);
  for (ssize_t n; (n = write(pair.ours, some.data(), some.size())) > 0;)
    filled += static_cast<size_t>(n);
  const Pipe pipe;
  put(pipe.w, "kept");
  const int file = file_of("kept");
  for (int i = 0; i < 3; ++i) {
    CHECK_FAILS(splice(pipe.r, nullptr, pair.ours, nullptr, 4, 0), EAGAIN);
    CHECK_FAILS(sendfile(pair.ours, file, nullptr, 4), EAGAIN);
  }
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
  CHECK_EQ(take(pair.peer, filled).size(), filled);
  CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 4, 0), 4);
  CHECK_EQ(sendfile(pair.ours, file, nullptr, 4), 4);
  CHECK_EQ(take(pair.peer, 8), "keptkept");
}

HAZARD(one_splice_one_datagram) {
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    const Pair pair = sockets(type);
    const Pipe pipe;
    const std::string bytes = pattern(5000);
    put(pipe.w, bytes);
    CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 5000, 0), 5000);
    std::string message(10000, '\0');
    CHECK_EQ(recv(pair.peer, message.data(), message.size(), 0), 5000);
    CHECK_EQ(message.substr(0, 5000), bytes);
    // And back: one message a call.
    put(pair.peer, "first");
    put(pair.peer, "second");
    CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), 5);
    CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), 6);
    CHECK_EQ(take(pipe.r, 11), "firstsecond");
  }
}

HAZARD(datagram_socket_that_is_full) {
  const Pair pair = sockets(SOCK_DGRAM);
  fcntl(pair.ours, F_SETFL, O_NONBLOCK);
  const Pipe pipe;
  put(pipe.w, pattern(10000));
  int sent = 0;
  while (sent < 1000 && write(pair.ours, "message", 7) == 7) ++sent;
  CHECK(sent < 1000);
  CHECK_FAILS(splice(pipe.r, nullptr, pair.ours, nullptr, 3000, 0), EAGAIN);
  while (sent-- > 0) CHECK_EQ(take(pair.peer, 7), "message");
  CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 3000, 0), 3000);
  CHECK_EQ(take(pipe.r, 7000), pattern(10000).substr(3000));
}

HAZARD(peer_that_is_gone) {
  const Pair pair = sockets(SOCK_STREAM);
  close(pair.peer);
  signal(SIGPIPE, SIG_IGN);
  const Pipe pipe;
  put(pipe.w, "kept");
  const int file = file_of("kept");
  CHECK_FAILS(splice(pipe.r, nullptr, pair.ours, nullptr, 4, 0), EPIPE);
  CHECK_FAILS(sendfile(pair.ours, file, nullptr, 4), EPIPE);
  CHECK_EQ(take(pipe.r, 4), "kept");
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
}

// Notices in a socket's error queue are no bytes: who waits for these sleeps, and a signal or the
// limit of time ends the wait.
HAZARD(notices_in_the_error_queue) {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  CHECK_EQ(sigaction(SIGALRM, &quiet, nullptr), 0);
  for (const bool limited : {false, true}) {
    const Pair pair = tcp();
    const int wanted =
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;
    CHECK_EQ(setsockopt(pair.ours, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof(wanted)), 0);
    put(pair.ours, "hello");
    CHECK_EQ(ready(pair.ours, POLLIN, 1000), POLLERR);
    const timeval limit{0, 300000};
    if (limited) CHECK_EQ(setsockopt(pair.ours, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    const itimerval timer{{0, 0}, {limited ? 8 : 0, 300000}};
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
    const Pipe pipe;
    const clock_t before = clock();
    CHECK_FAILS(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), limited ? EAGAIN : EINTR);
    CHECK(clock() - before < CLOCKS_PER_SEC / 10);
    put(pair.peer, "bytes");
    CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), 5);
  }
}
