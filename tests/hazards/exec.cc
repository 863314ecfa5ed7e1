// A pipe with bytes in it goes to another program: with the preload, without it, and static.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <wordexp.h>

#include <vector>

#include "../../tools/descriptor_message.h"
#include "hazard.h"

using namespace hazard;

namespace {

struct Program {
  const char* name;
  bool bare;  // without the environment, so without the preload
};
constexpr Program kPrograms[] = {{"peer", false}, {"peer", true}, {"peer_static", true}};

[[noreturn]] void become(const Program& program, const char* what, int in, int out) {
  CHECK(dup2(in, 0) == 0 && dup2(out, 1) == 1);
  const std::string path = neighbour(program.name);
  char* const nothing[] = {nullptr};
  execle(path.c_str(), "peer", what, nullptr, program.bare ? nothing : environ);
  fail(__FILE__, __LINE__, "exec");
}

// Moves two bytes out of the pipe and looks at the others.
void disturb(const Pipe& pipe, const Pipe& copy) {
  CHECK_EQ(splice(pipe.r, nullptr, copy.w, nullptr, 2, 0), 2);
  CHECK_EQ(tee(pipe.r, copy.w, 100, 0), 4);
}

// What the started program has printed, after the last writer of its input went.
std::string result(const Pipe& pipe, const Pipe& output, pid_t child) {
  put(pipe.w, "ghi");
  close(pipe.w);
  close(output.w);
  const std::string all = take(output.r, 100);
  finish(child);
  return all;
}

}  // namespace

HAZARD(exec_after_a_tee_in_the_parent) {
  for (const Program& program : kPrograms) {
    const Pipe pipe, copy, output;
    put(pipe.w, "abcdef");
    disturb(pipe, copy);
    const pid_t child = start([&] {
      close(pipe.w);
      become(program, "cat", pipe.r, output.w);
    });
    CHECK_EQ(result(pipe, output, child), "cdefghi");
  }
}

HAZARD(exec_after_a_tee_in_the_child) {
  for (const Program& program : kPrograms) {
    const Pipe pipe, copy, output, done(O_CLOEXEC);
    put(pipe.w, "abcdef");
    const pid_t child = start([&] {
      close(pipe.w);
      disturb(pipe, copy);
      put(done.w, "x");
      become(program, "cat", pipe.r, output.w);
    });
    take(done.r, 1);
    CHECK_EQ(result(pipe, output, child), "cdefghi");
  }
}

static pid_t vfork_and_exec(const char* path, char* const* argv, char* const* envp, int in,
                            int out) {
  const pid_t child = vfork();
  if (child != 0) return child;
  if (dup2(in, 0) != 0 || dup2(out, 1) != 1) _exit(1);
  for (int fd = 3; fd < 30; ++fd) close(fd);
  execve(path, argv, envp);
  _exit(1);
}

HAZARD(vfork_then_exec) {
  for (const Program& program : kPrograms) {
    const Pipe pipe, copy, output;
    put(pipe.w, "abcdef");
    disturb(pipe, copy);
    const std::string path = neighbour(program.name);
    char what[] = "cat";
    char* const argv[] = {what, what, nullptr};
    char* const nothing[] = {nullptr};
    const pid_t child =
        vfork_and_exec(path.c_str(), argv, program.bare ? nothing : environ, pipe.r, output.w);
    // The child's closing was none of ours.
    CHECK_EQ(result(pipe, output, child), "cdefghi");
    CHECK_EQ(take(copy.r, 6), "abcdef");
    put(copy.w, "on");
    CHECK_EQ(take(copy.r, 2), "on");
  }
}

HAZARD(vfork_then_exit_leaves_the_parent_alone) {
  const Teed teed("parent's");
  const pid_t child = vfork();
  if (child == 0) {
    dup2(teed.copy.r, teed.pipe.r);
    close(teed.pipe.w);
    _exit(0);
  }
  finish(child);
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
  put(teed.pipe.w, "more");
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 4);
  CHECK_EQ(take(teed.pipe.r, 4), "more");
  CHECK_EQ(take(teed.copy.r, 12), "parent'smore");
}

static pid_t spawn_cat(const Program& program, int in, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  const std::string path = neighbour(program.name);
  char what[] = "cat";
  char* const argv[] = {what, what, nullptr};
  char* const nothing[] = {nullptr};
  pid_t child;
  CHECK_EQ(
      posix_spawn(&child, path.c_str(), &actions, nullptr, argv, program.bare ? nothing : environ),
      0);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

HAZARD(spawn_with_and_without) {
  for (const Program& program : kPrograms) {
    const Pipe pipe(O_CLOEXEC), copy(O_CLOEXEC), output(O_CLOEXEC);
    put(pipe.w, "abcdef");
    disturb(pipe, copy);
    const pid_t child = spawn_cat(program, pipe.r, output.w);
    CHECK_EQ(result(pipe, output, child), "cdefghi");
  }
}

HAZARD(system_reads_a_pipe) {
  const Teed teed("for system");
  close(teed.pipe.w);
  const Pipe output;
  const std::string command =
      "unset LD_PRELOAD; cat <&" + std::to_string(teed.pipe.r) + " >&" + std::to_string(output.w);
  CHECK_EQ(system(command.c_str()), 0);
  CHECK_EQ(take(output.r, 10), "for system");
}

HAZARD(wordexp_reads_a_pipe) {
  const Teed teed("some words");
  close(teed.pipe.w);
  const std::string words = "$(unset LD_PRELOAD; cat <&" + std::to_string(teed.pipe.r) + ")";
  wordexp_t found;
  CHECK_EQ(wordexp(words.c_str(), &found, 0), 0);
  CHECK_EQ(found.we_wordc, 2u);
  CHECK_EQ(std::string(found.we_wordv[1]), "words");
  wordfree(&found);
}

HAZARD(descriptor_sent_over_a_socket) {
  for (const Program& program : kPrograms) {
    int sockets[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    const Pipe output(O_CLOEXEC);
    const pid_t child = start([&] { become(program, "receive", sockets[1], output.w); });
    // Made after the fork: the child has it by the message alone.
    const Pipe pipe, copy;
    put(pipe.w, "abcdef");
    disturb(pipe, copy);
    DescriptorMessage message(pipe.r);
    CHECK_EQ(sendmsg(sockets[0], message.header(), 0), 1);
    close(pipe.r);
    CHECK_EQ(result(pipe, output, child), "cdefghi");
  }
}

HAZARD(tee_of_what_a_started_program_writes) {
  for (const Program& program : kPrograms) {
    const Pipe pipe, copy;
    const std::string bytes = pattern(4 << 20);
    const int file = file_of(bytes);
    const int nowhere = open("/dev/null", O_WRONLY);
    const pid_t child = start([&] {
      close(pipe.r);
      become(program, "cat", file, pipe.w);
    });
    close(pipe.w);
    std::string all;
    for (ssize_t n; (n = tee(pipe.r, copy.w, 1 << 20, 0)) != 0;) {
      CHECK(n > 0);
      all += take(copy.r, static_cast<size_t>(n));
      CHECK_EQ(splice(pipe.r, nullptr, nowhere, nullptr, static_cast<size_t>(n), 0), n);
    }
    CHECK(all == bytes);
    CHECK_EQ(fcntl(pipe.r, F_GETPIPE_SZ), 65536);
    finish(child);
  }
}

// From here on it takes nothing. (Where a look at a pipe is two calls, a reader in between makes it
// wait.)
static void stop(pid_t child) {
  kill(child, SIGSTOP);
  CHECK_EQ(waitpid(child, nullptr, WUNTRACED), child);
}

HAZARD(tee_of_what_a_spawned_program_reads) {
  for (const Program& program : kPrograms) {
    const Pipe pipe(O_CLOEXEC), copy(O_CLOEXEC), output(O_CLOEXEC);
    const pid_t child = spawn_cat(program, pipe.r, output.w);
    stop(child);
    put(pipe.w, "abcdef");
    tee(pipe.r, copy.w, 100, SPLICE_F_NONBLOCK);
    kill(child, SIGCONT);
    CHECK_EQ(result(pipe, output, child), "abcdefghi");
  }
}

HAZARD(tee_of_a_fifo_that_a_started_program_has) {
  for (const Program& program : kPrograms) {
    CHECK_EQ(mkfifo("fifo", 0600), 0);
    const int both = open("fifo", O_RDWR);
    Pipe fifo;
    close(fifo.r);
    close(fifo.w);
    // Numbers of which nothing is known yet.
    fifo.r = open("fifo", O_RDONLY);
    fifo.w = open("fifo", O_WRONLY);
    close(both);
    CHECK_EQ(unlink("fifo"), 0);
    const Pipe output, copy;
    const pid_t child = start([&] {
      close(fifo.w);
      become(program, "cat", fifo.r, output.w);
    });
    sleep_ms(50);  // it sleeps in its read
    stop(child);
    put(fifo.w, "abcdef");
    tee(fifo.r, copy.w, 100, SPLICE_F_NONBLOCK);
    kill(child, SIGCONT);
    CHECK_EQ(result(fifo, output, child), "abcdefghi");
  }
}
