// Pipes that others come to see.
#include <anysplice/splice.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/turns.h"
#include "inject.h"
#include "states.h"
#include "tools/descriptor_message.h"
#include "world.h"

using namespace faults;

static pid_t idle_child() {
  const pid_t child = anysplice::fork();
  if (child != 0) return child;
  pause();
  _exit(0);
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

SCENARIO(exposed) {
  each(w, [](World&, Box& p) { anysplice::expose(p.out, anysplice::SettleReason::kStdio); });
  ring(w, 5000);
  held(w, 5000);
  anysplice::expose_all();
  held(w, 5000);
  anysplice::settle_held(anysplice::SettleReason::kAsked);
}

SCENARIO(settled_when_asked) {
  each(w, [](World& world, Box& p) {
    int bytes = -1;
    if (anysplice_settle(p.out) != 0 || ::ioctl(p.out, FIONREAD, &bytes) != 0) return;
    world.expect(static_cast<size_t>(bytes) == p.account.size(), "not all is in the kernel's pipe");
  });
}

SCENARIO(nothing_kept) {
  Box& p = ring(w, 5000);
  held(w, 5000);
  anysplice::keep_nothing(anysplice::SettleReason::kAsked);
  w.tee(p, w.pipe(), 100, kNow);
  w.tee(w.talking(SOCK_STREAM, 10), p, 100, kNow);
}

SCENARIO(descriptors_sent) {
  const int sockets = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  each(w, [](World& world, Box& p) {
    Box& way = world.socket(SOCK_SEQPACKET);
    way.loses = true;
    DescriptorMessage message(p.out);
    anysplice::sendmsg(way.in, message.header(), 0);
    world.tee(p, world.stranger(), 10, kNow);
    read_some(world, p);
  });
  anysplice::close(sockets);
}

SCENARIO(forked) {
  Box& a = ring(w, 5000);
  Box& b = held(w, 5000);
  int report[2];
  if (::pipe(report) != 0) abort();
  const pid_t child = anysplice::fork();
  const bool failed = fired();
  if (child < 0) return;
  if (child == 0) {
    char bytes[1000];
    for (Box* p : {&a, &b}) {
      ssize_t n = -1;
      pollfd fds{p->out, POLLIN, 0};
      if (anysplice::poll(&fds, 1, 0) == 1) n = anysplice::read(p->out, bytes, sizeof(bytes));
      if (::write(report[1], &n, sizeof(n)) < 0) _exit(1);
      if (n > 0 && ::write(report[1], bytes, static_cast<size_t>(n)) < 0) _exit(1);
    }
    anysplice::settle_held(anysplice::SettleReason::kAsked);
    _exit(0);
  }
  ::close(report[1]);
  for (Box* p : {&a, &b}) {
    ssize_t n = -1;
    char bytes[1000];
    if (::read(report[0], &n, sizeof(n)) != sizeof(n)) w.wrong("the child is gone");
    if (n > 0 && ::read(report[0], bytes, static_cast<size_t>(n)) != n) w.wrong("it said less");
    if (n <= 0) continue;
    const std::string_view got(bytes, static_cast<size_t>(n));
    // What could not be put back before the fork stayed with the parent, and the child read on.
    p->loses = failed && !p->account.starts_with(got);
    if (!p->loses) w.took(*p, got);
  }
  waitpid(child, nullptr, 0);
  if (a.loses || b.loses) {
    a.loses = b.loses = true;
    return;
  }
  w.tee(b, a, 1000, kNow);
  read_some(w, b);
}

// A child is killed in its turn; nobody has waited for it yet, or somebody has.
SCENARIO(killed_in_its_turn) {
  for (const bool reaped : {false, true}) {
    Box& p = held(w, 5000);
    const pid_t child = anysplice::fork();
    if (child < 0) return;
    if (child == 0) {
      anysplice::turns::enter(anysplice::pipe_key_of(p.out));
      raise(SIGKILL);
    }
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | (reaped ? 0 : WNOWAIT));
    w.tee(p, w.sink(), 1000, kNow);
    w.splice(p, w.sink(), 100, kNow);
    if (!reaped) waitpid(child, nullptr, 0);
  }
}

// More than fits, into a pipe that a child has too.
SCENARIO(written_in_turns) {
  Box& p = held(w, 5000, w.pipe());
  const pid_t child = idle_child();
  if (child < 0) return;
  w.tee(p, w.stranger(), 1000, kNow);
  if (anysplice::fcntl(p.in, F_SETFL, O_NONBLOCK) == 0) w.write(p, 70000);
  end(child);
  read_some(w, p);
}

// The fork waits for the end to be closed again, which cannot be here; it does not wait for ever.
SCENARIO(forked_beside_an_end_for_a_moment) {
  meanwhile(Function::open, [] {
    std::thread([] {
      const pid_t child = anysplice::fork();
      if (child == 0) _exit(0);
      if (child > 0) waitpid(child, nullptr, 0);
    }).join();
  });
  read_some(w, held(w, 5000));
}

SCENARIO(before_vfork) {
  ring(w, 5000);
  held(w, 5000);
  const auto before = anysplice::note_vfork();
  anysplice::note_vfork_returned(before);
  Box& p = ring(w, 100);
  if (const int copy = anysplice::dup(p.out); copy >= 0) anysplice::close(copy);
}

// Handlers of the parent, before the call and when the child is gone.
SCENARIO(handlers_amid_vfork) {
  ring(w, 5000);
  const auto before = anysplice::note_vfork();
  { const anysplice::InHandler side; }
  anysplice::become_vfork_child(before);
  { const anysplice::InHandler side; }
  anysplice::note_vfork_returned(before);
  Box& p = ring(w, 100);
  if (const int copy = anysplice::dup(p.out); copy >= 0) anysplice::close(copy);
}

SCENARIO(before_a_child_by_clone_in_the_same_memory) {
  ring(w, 5000);
  held(w, 5000);
  anysplice::note_clone(CLONE_VM | SIGCHLD);
  Box& p = ring(w, 100);
  if (const int copy = anysplice::dup(p.out); copy >= 0) anysplice::close(copy);
}

// Before exec: the child may read the pipe, and the program to come gets a read end of one only.
SCENARIO(before_exec_beside_a_child) {
  Box& kept = ring(w, 500);
  Box& p = w.pipe(O_CLOEXEC);
  w.vmsplice_in(p, 500, kNow);
  const pid_t child = idle_child();
  if (child < 0) return;
  anysplice::expose_inherited();
  read_some(w, kept);
  read_some(w, p);
  end(child);
}

// As a process does that gives up its privileges.
SCENARIO(no_more_turns) {
  Box& p = held(w, 500, w.pipe());
  const pid_t child = idle_child();
  if (child < 0) return;
  w.tee(p, w.stranger(), 100, kNow);
  anysplice::turns::leave();
  w.tee(p, w.stranger(), 100, kNow);
  read_some(w, p);
  end(child);
}
