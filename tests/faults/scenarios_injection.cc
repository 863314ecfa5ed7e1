// Calls that are to go wrong where their ends have a name, for which the engine asks. Without an
// answer there is no name, and nothing goes wrong.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "core/api/settings.h"
#include "core/calls/engine.h"
#include "core/inject/control.h"
#include "states.h"
#include "world.h"

using namespace faults;

static void inject(const char* spec) {
  static char setting[200];
  snprintf(setting, sizeof(setting), "ANYSPLICE_INJECT=%s", spec);
  char* environment[] = {setting, nullptr};
  anysplice::take_settings("faults", environment);
}

SCENARIO(files_by_name) {
  inject("splice(file:/tmp/#*->pipe):limit=9,limit=5@after=14");
  Box& p = w.pipe();
  Box& source = w.source(100);
  for (int i = 0; i < 4; ++i) w.splice(source, p, 20, kNow);
  w.splice(p, w.sink(), 100, kNow);
}

SCENARIO(sockets_by_name) {
  inject("sendfile(->tcp:127.0.0.1:*|unix:/no/where):limit=9;sendfile:limit=50@after=9");
  Box& source = w.source(1000);
  Box& tcp = w.tcp();
  Box& local = w.socket(SOCK_STREAM);
  for (int i = 0; i < 3; ++i) {
    w.sendfile(tcp, source, 100);
    w.sendfile(local, source, 100);
  }
}

SCENARIO(rules_that_change) {
  using anysplice::inject::Control;
  char setting[80] = "ANYSPLICE_CONTROL=/tmp/anysplice-control.XXXXXX";
  char* const name = strchr(setting, '=') + 1;
  const int fd = mkostemp(name, O_CLOEXEC);
  if (ftruncate(fd, sizeof(Control)) != 0) abort();
  auto* const control = static_cast<Control*>(
      ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  ::close(fd);
  char* environment[] = {setting, nullptr};
  anysplice::take_settings("faults", environment);  // not for that
  control->magic = Control::kMagic;
  anysplice::take_settings("faults", environment);
  unlink(name);
  Box& p = w.pipe();
  for (const char* rule : {"splice:limit=9", "pipes:capacity=4k", ""}) {
    strcpy(control->text, rule);
    control->version += 2;
    w.splice(w.source(100), p, 20, kNow);
    w.pipe();
  }
  anysplice::before_privilege_change();
  w.splice(p, w.sink(), 100, kNow);
}
