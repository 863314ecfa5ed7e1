// Calls that wait until another thread lets them go on.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "core/calls/engine.h"
#include "core/policy/mode.h"
#include "inject.h"
#include "states.h"
#include "world.h"

using namespace faults;

namespace {

// Does something in another thread, a moment from now; joined at the end of the scope.
class Soon {
 public:
  explicit Soon(std::function<void()> what)
      : thread_([what = std::move(what)] {
          usleep(2000);
          what();
        }) {}
  ~Soon() { thread_.join(); }

 private:
  std::thread thread_;
};

void fill_up(World& w, Box& p) {
  while (w.vmsplice_in(p, 30000, kNow) > 0) {
  }
  while (w.vmsplice_in(p, 1000, kNow) > 0) {
  }
}

bool asleep(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t name = text.rfind(") ");
  return name != std::string::npos && text[name + 2] == 'S';
}

// Takes out what there is. Should that have been made to fail for ever, by the kernel's own calls:
// who waits for room must not wait for ever.
std::string take_now(int fd) {
  std::string bytes(70000, '\0');
  pollfd p{fd, POLLIN, 0};
  ssize_t n = ::poll(&p, 1, 0) == 1 ? anysplice::read(fd, bytes.data(), bytes.size()) : 0;
  if (n < 0 && errno != EAGAIN && ::poll(&p, 1, 0) == 1) n = ::read(fd, bytes.data(), bytes.size());
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return bytes;
}

}  // namespace

SCENARIO(wait_for_bytes) {
  for (Box* p : {&w.pipe(), &w.stranger()}) {
    for (int call = 0; call < 4; ++call) {
      const std::string_view bytes = w.next(500);
      ssize_t n = 0;
      {
        const Soon later([&] {
          n = anysplice::write(p->in, bytes.data(), bytes.size());
          // Made to fail; but who waits must not wait for ever.
          if (n <= 0) n = ::write(p->in, bytes.data(), bytes.size());
        });
        p->account += bytes;
        switch (call) {
          case 0:
            w.splice(*p, w.sink(), 100);
            break;
          case 1:
            w.tee(*p, w.stranger(), 100);
            break;
          case 2:
            w.vmsplice_out(*p, 100);
            break;
          default:
            w.read(*p, 100);
        }
      }
      // A write that was made to fail, or to be short.
      if (n < 0) n = 0;
      p->account.resize(p->account.size() - (bytes.size() - static_cast<size_t>(n)));
      while (!p->account.empty() && w.splice(*p, w.sink(), 5000, kNow) > 0) {
      }
      if (!p->account.empty() || n == 0) return;
    }
  }
}

// A handler that restarts calls: the wait goes on.
SCENARIO(a_signal_while_it_waits) {
  struct sigaction handler {};
  handler.sa_handler = [](int) {};
  handler.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &handler, nullptr);
  Box& p = w.stranger();
  const std::string_view bytes = w.next(100);
  p.account = bytes;
  const pid_t waiter = gettid();
  const Soon later([&] {
    for (int tries = 0; tries < 5000 && !asleep(waiter); ++tries) usleep(200);
    tgkill(getpid(), waiter, SIGUSR1);
    usleep(1000);
    if (::write(p.in, bytes.data(), bytes.size()) < 0) abort();
  });
  w.splice(p, w.sink(), 50);
}

// Another thread is asleep in a read of the pipe that is looked at.
SCENARIO(look_beside_a_reader) {
  Box& own = w.pipe();
  Box& fifo = w.fifo();
  // So that it is known: a reader of a FIFO that is not, and no descriptor to open that anew, is
  // more than the engine can do (docs/limitations.md).
  w.tee(fifo, w.stranger(), 1, kNow);
  for (Box* p : {&own, &fifo}) {
    char buffer[100];
    std::atomic<bool> begun{false};
    ssize_t n = 0;
    std::thread reader([&] {
      begun = true;
      n = anysplice::read(p->out, buffer, sizeof(buffer));
      // Made to fail, or woken by the end because the byte could not be put back.
      if (n <= 0) n = anysplice::read(p->out, buffer, sizeof(buffer));
    });
    while (!begun) usleep(100);
    usleep(2000);
    w.tee(*p, w.stranger(), 100, kNow);
    w.put_in(*p, 1);
    // Both at once would be a matter of luck where a look may have to sleep (docs/limitations.md).
    int there = 1;
    for (int tries = 0; tries < 1000 && there > 0; ++tries) {
      usleep(100);
      if (::ioctl(p->out, FIONREAD, &there) != 0) break;
    }
    w.tee(*p, w.stranger(), 100, kNow);
    w.close(p->in);
    reader.join();
    if (n > 0) w.took(*p, {buffer, static_cast<size_t>(n)});
  }
}

SCENARIO(wait_for_room) {
  for (Box* p : {&w.pipe(), &w.stranger()}) {
    for (int call = 0; call < 4; ++call) {
      fill_up(w, *p);
      Box& q = call == 1 ? w.pipe() : w.stranger();
      if (call == 1) {
        w.write(q, 100);
      } else {
        w.put_in(q, 100);
      }
      if (q.account.empty()) return;
      std::string taken;
      std::atomic<bool> over{false};
      {
        const Soon later([&] {
          while (!over && taken.size() < 70000) {
            taken += take_now(p->out);
            usleep(200);
          }
        });
        switch (call) {
          case 0:
            w.splice(w.source(100), *p, 100);
            break;
          case 1:
            w.splice(q, *p, 100);
            break;
          case 2:
            w.tee(q, *p, 100);
            break;
          default:
            w.vmsplice_in(*p, 100);
        }
        over = true;
      }
      w.took(*p, taken);
    }
  }
}

SCENARIO(wait_for_a_socket) {
  Box& p = w.pipe();
  for (Box* says : {&w.socket(SOCK_STREAM), &w.tcp()}) {
    const std::string_view bytes = w.next(500);
    const Soon later([&] {
      if (::write(says->in, bytes.data(), bytes.size()) < 0) abort();
    });
    says->account = bytes;
    w.splice(*says, p, 100);
  }
}

SCENARIO(wait_for_a_socket_to_take_more) {
  for (int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    Box& to = w.socket(type);
    const int small = 1;
    setsockopt(to.in, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    Box& p = w.pipe();
    w.write(p, 30000);
    std::atomic<bool> over{false};
    std::string got;
    {
      const Soon later([&] {
        char bytes[4096];
        while (!over) {
          const ssize_t n = ::recv(to.out, bytes, sizeof(bytes), MSG_DONTWAIT);
          if (n > 0) got.append(bytes, static_cast<size_t>(n));
          if (n <= 0) usleep(200);
        }
      });
      for (int i = 0; i < 12 && !p.account.empty(); ++i) w.splice(p, to, 2000);
      w.sendfile(to, w.source(20000), 1500);
      over = true;
    }
    w.took(to, got);
  }
}

SCENARIO(wait_for_a_terminal) {
  int master = -1;
  int slave = -1;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) return;
  termios raw;
  tcgetattr(slave, &raw);
  cfmakeraw(&raw);
  tcsetattr(slave, TCSANOW, &raw);
  for (Box* p : {&w.pipe(), &w.stranger()}) {
    const std::string_view bytes = w.next(50);
    {
      const Soon later([&] {
        if (::write(master, bytes.data(), bytes.size()) < 0) abort();
      });
      const ssize_t n = anysplice::splice(slave, nullptr, p->in, nullptr, 50, 0);
      if (n > 0) p->account += bytes.substr(0, static_cast<size_t>(n));
    }
    // What a failure left behind.
    const int flags = ::fcntl(slave, F_GETFL);
    ::fcntl(slave, F_SETFL, flags | O_NONBLOCK);
    char rest[64];
    while (::read(slave, rest, sizeof(rest)) > 0) {
    }
    ::fcntl(slave, F_SETFL, flags);
  }
}

SCENARIO(two_threads_and_one_ring) {
  Box& p = w.pipe();
  Box& q = w.pipe();
  w.write(p, 100);
  w.splice(p, q, 10, kNow);
  // Calls that get in each other's way: what they return is not looked at, only that they end.
  const auto hammer = [&](size_t times) {
    for (size_t i = 0; i < times; ++i) {
      int bytes = 0;
      anysplice::ioctl(p.out, FIONREAD, &bytes);
      anysplice::ioctl(q.out, FIONREAD, &bytes);
    }
  };
  std::thread other([&] { hammer(300); });
  hammer(300);
  other.join();
}
