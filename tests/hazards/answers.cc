// Answers that a poll cannot give, and looks that must not be seen.
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include <atomic>
#include <thread>
#include <tuple>

#include "hazard.h"
#include "pairs.h"

using namespace hazard;

namespace {

Pair terminal(bool lines, int least, int tenths) {
  Pair pair{};
  CHECK_EQ(openpty(&pair.peer, &pair.ours, nullptr, nullptr, nullptr), 0);
  termios mode;
  tcgetattr(pair.ours, &mode);
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (!lines) {
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    mode.c_cc[VMIN] = static_cast<cc_t>(least);
    mode.c_cc[VTIME] = static_cast<cc_t>(tenths);
  }
  tcsetattr(pair.ours, TCSANOW, &mode);
  return pair;
}

// What a splice of 100 bytes answers: bytes, -errno, or kWaits if a signal had to end it.
constexpr long kWaits = -1000;
void nothing(int) {}
long answer(int from, int to, unsigned flags) {
  struct sigaction action {};
  action.sa_handler = nothing;
  sigaction(SIGALRM, &action, nullptr);
  // Again and again: one that comes before the call is lost.
  const itimerval soon{{0, 150000}, {0, 150000}};
  setitimer(ITIMER_REAL, &soon, nullptr);
  const ssize_t n = splice(from, nullptr, to, nullptr, 100, flags);
  const int error = errno;
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  return n >= 0 ? n : error == EINTR ? kWaits : -error;
}

void set_option(int socket, int option, int value) {
  CHECK_EQ(setsockopt(socket, SOL_SOCKET, option, &value, sizeof(value)), 0);
}

// A pipe that stays the kernel's, as somebody watches it.
Pipe watched() {
  const Pipe pipe;
  epoll_event event{};
  epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pipe.r, &event);
  return pipe;
}

void expect(int from, long blocking, long with_flag, long nonblocking) {
  for (const bool in_kernel : {false, true}) {
    const Pipe pipe = in_kernel ? watched() : Pipe();
    const Pipe unwaiting(O_NONBLOCK);
    CHECK_EQ(answer(from, pipe.w, 0), blocking);
    CHECK_EQ(answer(from, pipe.w, SPLICE_F_NONBLOCK), with_flag);
    CHECK_EQ(answer(from, unwaiting.w, 0), with_flag);
    fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
    CHECK_EQ(answer(from, pipe.w, 0), nonblocking);
    fcntl(from, F_SETFL, fcntl(from, F_GETFL) & ~O_NONBLOCK);
    CHECK_EQ(sendfile(pipe.w, from, nullptr, 0), 0);
  }
}

}  // namespace

HAZARD(who_waits_for_a_socket) {
  expect(tcp().ours, kWaits, kWaits, -EAGAIN);
  expect(sockets(SOCK_STREAM).ours, kWaits, -EAGAIN, -EAGAIN);
  expect(sockets(SOCK_DGRAM).ours, kWaits, kWaits, -EAGAIN);
  expect(sockets(SOCK_SEQPACKET).ours, kWaits, kWaits, -EAGAIN);
  expect(socket(AF_NETLINK, SOCK_RAW, 0), kWaits, kWaits, -EAGAIN);
}

HAZARD(socket_with_a_limit_of_time) {
  for (const Pair& pair : {tcp(), sockets(SOCK_STREAM), sockets(SOCK_DGRAM)}) {
    const timeval limit{0, 20000};
    setsockopt(pair.ours, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const Pipe pipe;
    // The alarm may be faster where others want the processor, but not each time.
    long got = kWaits;
    for (int tries = 0; got == kWaits && tries < 5; ++tries) got = answer(pair.ours, pipe.w, 0);
    CHECK_EQ(got, -EAGAIN);
  }
}

HAZARD(low_water_mark) {
  const Pair stream = sockets(SOCK_STREAM);
  const Pair connection = tcp();
  const Pipe pipe;
  for (const Pair& pair : {stream, connection}) {
    set_option(pair.ours, SO_RCVLOWAT, 5);
    put(pair.peer, "ab");
  }
  ready(connection.ours, POLLIN, 20);
  CHECK_EQ(answer(connection.ours, pipe.w, 0), 2);
  const double before = seconds();
  CHECK_EQ(answer(stream.ours, pipe.w, 0), 2);
  CHECK(seconds() - before > 0.05);
  put(stream.peer, "ab");
  CHECK_EQ(answer(stream.ours, pipe.w, SPLICE_F_NONBLOCK), 2);
}

HAZARD(urgent_mark) {
  const Pair pair = tcp();
  put(pair.peer, "abc");
  CHECK_EQ(send(pair.peer, "U", 1, MSG_OOB), 1);
  put(pair.peer, "def");
  sleep_ms(20);
  const Pipe pipe;
  CHECK_EQ(answer(pair.ours, pipe.w, 0), 3);
  CHECK_EQ(answer(pair.ours, pipe.w, 0), 0);
  CHECK_EQ(answer(pair.ours, pipe.w, SPLICE_F_NONBLOCK), 0);
  int at = 0;
  CHECK_EQ(ioctl(pair.ours, SIOCATMARK, &at), 0);
  CHECK_EQ(at, 1);
  CHECK_EQ(take(pair.ours, 3), "def");
}

HAZARD(fifo_whose_writers_are_not_there) {
  const std::string name = "fifo." + std::to_string(getpid());
  CHECK_EQ(mkfifo(name.c_str(), 0600), 0);
  const int fifo = open(name.c_str(), O_RDONLY | O_NONBLOCK);
  char byte;
  iovec memory{&byte, 1};
  for (const bool blocking : {false, true}) {
    fcntl(fifo, F_SETFL, blocking ? 0 : O_NONBLOCK);
    for (const unsigned flags : {0u, unsigned{SPLICE_F_NONBLOCK}}) {
      const Pipe pipe;
      CHECK_EQ(answer(fifo, pipe.w, flags), 0);
      CHECK_EQ(tee(fifo, pipe.w, 10, flags), 0);
      CHECK_EQ(vmsplice(fifo, &memory, 1, flags), 0);
    }
  }
  const int writer = open(name.c_str(), O_WRONLY);
  unlink(name.c_str());
  const Pipe pipe;
  CHECK_EQ(answer(fifo, pipe.w, 0), kWaits);
  CHECK_EQ(answer(fifo, pipe.w, SPLICE_F_NONBLOCK), -EAGAIN);
  close(writer);
  CHECK_EQ(answer(fifo, pipe.w, 0), 0);
}

HAZARD(terminals_in_their_modes) {
  const Pipe pipe;
  CHECK_EQ(answer(terminal(true, 0, 0).ours, pipe.w, 0), kWaits);
  CHECK_EQ(answer(terminal(false, 0, 0).ours, pipe.w, 0), 0);
  CHECK_EQ(answer(terminal(false, 0, 1).ours, pipe.w, 0), 0);
  CHECK_EQ(answer(terminal(false, 1, 0).ours, pipe.w, SPLICE_F_NONBLOCK), kWaits);
  CHECK_EQ(sendfile(pipe.w, terminal(true, 0, 0).ours, nullptr, 0), 0);
  const Pair some = terminal(false, 5, 0);
  put(some.peer, "abc");
  sleep_ms(5);
  CHECK_EQ(splice(some.ours, nullptr, pipe.w, nullptr, 2, 0), 2);
  CHECK_EQ(take(pipe.r, 2), "ab");
  const Pair line = terminal(true, 0, 0);
  put(line.peer, "one\ntwo\n");
  sleep_ms(5);
  CHECK_EQ(answer(line.ours, pipe.w, 0), 4);
  CHECK_EQ(answer(line.ours, pipe.w, 0), 4);
  CHECK_EQ(take(pipe.r, 8), "one\ntwo\n");
}

HAZARD(place_of_looks) {
  const Pair pair = sockets(SOCK_STREAM);
  set_option(pair.ours, SO_PEEK_OFF, 2);
  put(pair.peer, "0123456789");
  const Pipe pipe = watched();
  put(pipe.w, "x");
  CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 4, 0), 4);
  CHECK_EQ(take(pipe.r, 5), "x0123");
  CHECK_EQ(take(pair.ours, 6), "456789");
}

HAZARD(each_message_once) {
  const Pair pair = sockets(SOCK_DGRAM);
  constexpr uint32_t kMessages = 3000;
  constexpr uint32_t kEnd = ~0u;
  std::atomic<int> seen[kMessages] = {};
  const auto mover = [&] {
    const Pipe pipe = watched();
    put(pipe.w, "fill");
    for (;;) {
      CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 4096, 0), 4);
      const std::string word = take(pipe.r, 4);
      if (word == "fill") continue;
      uint32_t number;
      word.copy(reinterpret_cast<char*>(&number), 4);
      if (number == kEnd) return;
      ++seen[number];
      if (number + 2 >= kMessages) return;
    }
  };
  std::thread one(mover);
  std::thread other(mover);
  for (uint32_t i = 0; i < kMessages; ++i) CHECK_EQ(send(pair.peer, &i, 4, 0), 4);
  // Each mover leaves its last message in its pipe.
  for (int i = 0; i < 4; ++i) send(pair.peer, &kEnd, 4, MSG_DONTWAIT);
  one.join();
  other.join();
  int lost = 0;
  for (const auto& times : seen) {
    CHECK(times <= 1);
    lost += times == 0;
  }
  CHECK(lost <= 4);
}

HAZARD(messages_end_where_pages_do) {
  const Pair pair = sockets(SOCK_DGRAM);
  set_option(pair.ours, SO_SNDBUF, 1 << 20);
  const std::string bytes = pattern(100000);
  const int file = file_of(bytes);
  off_t at = 100;
  CHECK_EQ(sendfile(pair.ours, file, &at, 70000), 70000);
  std::string message(100000, '\0');
  CHECK_EQ(recv(pair.peer, message.data(), message.size(), MSG_DONTWAIT), 65436);
  CHECK_EQ(message.substr(0, 65436), bytes.substr(100, 65436));
  CHECK_EQ(recv(pair.peer, message.data(), message.size(), MSG_DONTWAIT), 4564);
}

HAZARD(append_set_later) {
  const Pair pair = sockets(SOCK_STREAM);
  const Pipe pipe;
  put(pipe.w, "ab");
  CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 1, 0), 1);
  const int copy = dup(pair.ours);
  fcntl(copy, F_SETFL, O_APPEND);
  CHECK_FAILS(splice(pipe.r, nullptr, pair.ours, nullptr, 1, 0), EINVAL);
  CHECK_FAILS(sendfile(pair.ours, file_of("x"), nullptr, 1), EINVAL);
  fcntl(copy, F_SETFL, 0);
  CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 1, 0), 1);
}

// The abort of a connection is no end of it, also behind the urgent mark.
HAZARD(reset_behind_the_mark) {
  const Pair pair = tcp();
  const Pipe pipe;
  CHECK_EQ(send(pair.peer, "abcU", 4, MSG_OOB), 4);
  sleep_ms(50);
  CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), 3);
  CHECK_EQ(send(pair.peer, "defg", 4, 0), 4);
  const linger at_once{1, 0};
  CHECK_EQ(setsockopt(pair.peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  close(pair.peer);
  sleep_ms(50);
  CHECK_FAILS(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), ECONNRESET);
  CHECK_EQ(splice(pair.ours, nullptr, pipe.w, nullptr, 100, 0), 0);
}

HAZARD(position_of_a_large_file) {
  const int file = file_of("");
  CHECK_EQ(ftruncate(file, off_t{4} << 30), 0);
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    const int null = open("/dev/null", O_WRONLY);
    while (!stop) {
      off_t at = off_t{3} << 30;
      CHECK_EQ(sendfile(null, file, &at, 1000), 1000);
    }
  });
  for (int i = 0; i < 50000; ++i) CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
  stop = true;
  sender.join();
}

HAZARD(standard_output_replaced_inside_libc) {
  int master;
  int slave;
  CHECK_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const pid_t child = start([&] {
    dup2(open("/dev/null", O_WRONLY), 1);
    const Pipe pipe;
    put(pipe.w, "one");
    CHECK_EQ(splice(pipe.r, nullptr, 1, nullptr, 3, 0), 3);
    CHECK_EQ(login_tty(slave), 0);
    put(pipe.w, "two");
    CHECK_EQ(splice(pipe.r, nullptr, 1, nullptr, 3, 0), 3);
    sleep_ms(100);
  });
  CHECK_EQ(take(master, 3), "two");
  finish(child);
}

namespace {

int in_the_way;
int close_it(void*) {
  close(in_the_way);
  usleep(50000);
  _exit(0);
}

}  // namespace

HAZARD(children_on_the_same_memory) {
  alignas(16) static char stack[65536];
  const int null = open("/dev/null", O_WRONLY);
  for (const int how : {CLONE_VFORK, 0}) {
    const Pair pair = sockets(SOCK_STREAM);
    const Pipe pipe;
    in_the_way = pipe.w;
    put(pipe.w, "a");
    CHECK_EQ(splice(pipe.r, nullptr, null, nullptr, 1, 0), 1);
    const pid_t child = clone(close_it, stack + sizeof(stack), CLONE_VM | how | SIGCHLD, nullptr);
    CHECK(child > 0);
    put(pipe.w, "hello");
    CHECK_EQ(tee(pipe.r, Pipe().w, 5, 0), 5);
    CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 5, 0), 5);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(take(pair.peer, 5), "hello");
    put(pipe.w, "again");
    CHECK_EQ(splice(pipe.r, nullptr, pair.ours, nullptr, 5, 0), 5);
    CHECK_EQ(take(pair.peer, 5), "again");
  }
}

// A thread that sleeps in a call holds nothing that others need, and can be cancelled.
HAZARD(beside_a_wait) {
  for (const bool is_terminal : {false, true}) {
    Pair pair = is_terminal ? terminal(false, 1, 0) : sockets(SOCK_DGRAM);
    if (is_terminal) {
      termios mode;
      tcgetattr(pair.ours, &mode);
      cfmakeraw(&mode);
      tcsetattr(pair.ours, TCSANOW, &mode);
    } else {
      set_option(pair.ours, SO_SNDBUF, 4608);
    }
    const Pipe pipe;
    const std::string bytes = pattern(65536);
    put(pipe.w, bytes);
    long moved = 0;
    std::tuple<int, int, long*> work{pipe.r, pair.ours, &moved};
    pthread_t mover;
    pthread_create(
        &mover, nullptr,
        [](void* argument) -> void* {
          auto& [from, to, count] = *static_cast<decltype(work)*>(argument);
          for (;;) {
            const ssize_t n = splice(from, nullptr, to, nullptr, 4096, 0);
            if (n > 0) *count += n;
          }
        },
        &work);
    sleep_ms(100);
    finish(start([] {}));
    CHECK(dup(pipe.w) >= 0);
    CHECK_EQ(fcntl(pipe.w, F_SETFL, O_NONBLOCK), 0);
    ready(pipe.w, POLLOUT);
    epoll_event event{};
    CHECK_EQ(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pipe.r, &event), 0);
    CHECK_EQ(pthread_cancel(mover), 0);
    CHECK_EQ(pthread_join(mover, nullptr), 0);
    // What did not go out is still there, from where the last of it that did ends.
    int left = 0;
    CHECK_EQ(ioctl(pipe.r, FIONREAD, &left), 0);
    CHECK(left > 0 && left <= 65536 - moved);
    CHECK_EQ(take(pipe.r, static_cast<size_t>(left)),
             bytes.substr(bytes.size() - static_cast<size_t>(left)));
  }
}
