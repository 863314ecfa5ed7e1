// What is remembered of a descriptor: O_APPEND set by whoever has the description, and numbers that
// become something else.
#include <spawn.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <thread>

#include "../../tools/descriptor_message.h"
#include "hazard.h"

using namespace hazard;

namespace {

void set_append(int fd) { CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0); }

// A sink that was used, so that all is known of it that can be.
struct Used {
  Used() : Used(file_of("")) {}
  explicit Used(int sink) : fd(sink) {
    put(pipe.w, "abcdefgh");
    for (int i = 0; i < 2; ++i) CHECK_EQ(splice(pipe.r, nullptr, fd, nullptr, 1, 0), 1);
  }
  void refused() const {
    CHECK_FAILS(splice(pipe.r, nullptr, fd, nullptr, 1, 0), EINVAL);
    CHECK_FAILS(sendfile(fd, file_of("x"), nullptr, 1), EINVAL);
    CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
    CHECK_EQ(splice(pipe.r, nullptr, fd, nullptr, 1, 0), 1);
  }
  Pipe pipe;
  int fd;
};

HAZARD(append_by_the_descriptor) {
  const Used used;
  set_append(used.fd);
  used.refused();
}

HAZARD(append_by_a_copy) {
  const Used used;
  set_append(dup(used.fd));
  used.refused();
}

HAZARD(append_by_a_forked_child) {
  const Used used;
  finish(start([&] { set_append(used.fd); }));
  used.refused();
}

HAZARD(append_by_a_child_of_vfork) {
  const Used used;
  const pid_t child = vfork();
  if (child == 0) {
    fcntl(used.fd, F_SETFL, O_APPEND);
    _exit(0);
  }
  CHECK_EQ(waitpid(child, nullptr, 0), child);
  used.refused();
}

ROLE(appends) { set_append(0); }

HAZARD(append_by_a_program) {
  const Used used;
  finish(rerun("appends", "", used.fd));
  used.refused();
}

HAZARD(append_by_a_program_that_was_spawned) {
  // Which sets it from where nothing is seen.
  const Used used;
  const std::string set =
      "import fcntl, os; fcntl.fcntl(" + std::to_string(used.fd) + ", fcntl.F_SETFL, os.O_APPEND)";
  const char* words[] = {"python3", "-c", set.c_str(), nullptr};
  fcntl(used.fd, F_SETFD, 0);
  char* none[] = {nullptr};
  pid_t child;
  CHECK_EQ(posix_spawn(&child, "/usr/bin/python3", nullptr, nullptr,
                       const_cast<char* const*>(words), none),
           0);
  CHECK_EQ(waitpid(child, nullptr, 0), child);
  used.refused();
}

HAZARD(append_by_whom_it_was_sent) {
  const Used used;
  int ends[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  DescriptorMessage sent(used.fd);
  CHECK_EQ(sendmsg(ends[0], sent.header(), 0), 1);
  DescriptorMessage got;
  CHECK_EQ(recvmsg(ends[1], got.header(), 0), 1);
  set_append(got.descriptor());
  used.refused();
}

HAZARD(append_by_a_stream) {
  const Used used;
  CHECK(fdopen(dup(used.fd), "a") != nullptr);
  used.refused();
}

HAZARD(append_by_a_thread) {
  const Used used;
  std::thread([&] { set_append(used.fd); }).join();
  used.refused();
}

HAZARD(append_of_a_socket) {
  int ends[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Used used(ends[0]);
  set_append(dup(ends[0]));
  used.refused();
}

HAZARD(append_of_dev_null) {
  const Used used(open("/dev/null", O_WRONLY));
  set_append(dup(used.fd));
  used.refused();
}

HAZARD(append_by_number) {
  const Used used;
  syscall(72 /* fcntl, of x86-64 */, used.fd, F_SETFL, O_APPEND);
  if ((fcntl(used.fd, F_GETFL) & O_APPEND) == 0) skip("fcntl has another number here");
  used.refused();
}

// /dev/null's number becomes a file's.
void gets_bytes(const Used& used) {
  CHECK_EQ(splice(used.pipe.r, nullptr, used.fd, nullptr, 6, 0), 6);
  char bytes[8];
  CHECK_EQ(pread(used.fd, bytes, sizeof(bytes), 0), 6);
  CHECK_EQ(std::string(bytes, 6), "cdefgh");
}

HAZARD(null_closed_and_a_file_opened) {
  const Used used(open("/dev/null", O_WRONLY));
  close(used.fd);
  CHECK_EQ(open(".", O_RDWR | O_TMPFILE, 0600), used.fd);
  gets_bytes(used);
}

HAZARD(null_replaced_by_a_file) {
  const Used used(open("/dev/null", O_WRONLY));
  CHECK_EQ(dup2(file_of(""), used.fd), used.fd);
  gets_bytes(used);
}

HAZARD(null_copied_and_its_number_replaced) {
  const Used used(open("/dev/null", O_WRONLY));
  const int copy = dup(used.fd);
  CHECK_EQ(dup3(file_of(""), copy, O_CLOEXEC), copy);
  CHECK_EQ(splice(used.pipe.r, nullptr, copy, nullptr, 6, 0), 6);
  char byte;
  CHECK_EQ(pread(copy, &byte, 1, 5), 1);
  CHECK_EQ(byte, 'h');
}

HAZARD(null_closed_by_a_range) {
  const Used used(open("/dev/null", O_WRONLY));
  const int file = file_of("");
  CHECK(file > used.fd);
  close_range(static_cast<unsigned>(used.fd), static_cast<unsigned>(used.fd), 0);
  CHECK_EQ(fcntl(file, F_DUPFD, used.fd), used.fd);
  gets_bytes(used);
}

HAZARD(null_in_a_child_of_vfork) {
  // Which has another /dev/null at the number of our file.
  const Used used;
  const int file = file_of("");
  const pid_t child = vfork();
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, file);
    splice(used.pipe.r, nullptr, file, nullptr, 1, 0);
    _exit(0);
  }
  CHECK_EQ(waitpid(child, nullptr, 0), child);
  CHECK_EQ(splice(used.pipe.r, nullptr, file, nullptr, 5, 0), 5);
  char bytes[8];
  CHECK_EQ(pread(file, bytes, sizeof(bytes), 0), 5);
}

}  // namespace
