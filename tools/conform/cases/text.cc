#include "tools/conform/cases/text.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/errno_names.h"

namespace oracle {
namespace {

uint32_t hash(std::string_view data) {
  uint32_t h = 2166136261u;
  for (unsigned char c : data) h = (h ^ c) * 16777619u;
  return h;
}

}  // namespace

std::string bytes(size_t n, unsigned seed) {
  std::string data(n, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& c : data) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>('a' + (state >> 24) % 26);
  }
  return data;
}

std::string describe(std::string_view data) {
  std::string text = std::to_string(data.size()) + " bytes";
  if (data.empty()) return text;
  char sum[16];
  snprintf(sum, sizeof sum, " #%08x '", hash(data));
  text += sum;
  for (char c : data.substr(0, 10)) text += c >= ' ' && c <= '~' ? c : '.';
  return text + "'";
}

const char* errno_name(int error) {
  const char* name = anysplice::name_of_errno(error);
  return name != nullptr ? name : "no errno";
}

std::string signal_name(int signal) {
  switch (signal) {
#define NAMED(name) \
  case name:        \
    return #name
    NAMED(SIGABRT);
    NAMED(SIGALRM);
    NAMED(SIGBUS);
    NAMED(SIGFPE);
    NAMED(SIGHUP);
    NAMED(SIGILL);
    NAMED(SIGINT);
    NAMED(SIGIO);
    NAMED(SIGKILL);
    NAMED(SIGPIPE);
    NAMED(SIGQUIT);
    NAMED(SIGSEGV);
    NAMED(SIGSYS);
    NAMED(SIGTERM);
    NAMED(SIGTRAP);
    NAMED(SIGUSR1);
    NAMED(SIGXFSZ);
#undef NAMED
    default:
      return "signal " + std::to_string(signal);
  }
}

}  // namespace oracle
