#include "tools/control_file.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "absl/strings/str_cat.h"
#include "core/inject/spec.h"
#include "tools/mapped_file.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

using inject::Control;

void change(Control& control, const std::string& spec) {
  // One that died in the middle of a change leaves an odd number.
  const uint64_t before = control.version.load() & ~uint64_t{1};
  control.version.store(before + 1);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  memset(control.text, 0, sizeof(control.text));
  memcpy(control.text, spec.data(), spec.size());
  control.version.store(before + 2, std::memory_order_release);
}

}  // namespace

absl::Status check_control_spec(const std::string& spec) {
  const auto plan = std::make_unique<inject::Plan>();
  if (inject::SpecError error;
      !spec.empty() && !inject::parse_spec(spec.c_str(), plan.get(), &error)) {
    return absl::InvalidArgumentError(error.message);
  }
  if (plan->pipe_copies) {
    return absl::InvalidArgumentError(
        "pipes:copy says how a program is started; it cannot be switched on or off while it runs");
  }
  if (spec.size() >= Control::kText) {
    return absl::InvalidArgumentError("there is no room for so many rules");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ControlFile>> ControlFile::create(const std::string& spec) {
  if (absl::Status status = check_control_spec(spec); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<SharedFile>> file = SharedFile::create("rules", sizeof(Control));
  if (!file.ok()) return file.status();
  auto& control = *static_cast<Control*>((*file)->memory());
  change(control, spec);
  control.magic = Control::kMagic;
  return std::unique_ptr<ControlFile>(new ControlFile(*std::move(file)));
}

absl::StatusOr<ControlOfProcess> ControlOfProcess::open(pid_t pid) {
  const absl::StatusOr<MappedFile> file =
      mapped_by_process(pid, {"rules", Control::kMagic, sizeof(Control)}, true);
  if (!file.ok()) return file.status();
  if (file->memory == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "process ", pid,
        " takes no rules while it runs; start it with 'anysplice run "
        "--control -- PROGRAM', and if it is static, name the process of that command"));
  }
  if (flock(file->fd, LOCK_EX) != 0) return system_failure("cannot lock the rules", errno);
  return ControlOfProcess(static_cast<Control*>(file->memory));
}

// Others can write there too, whatever they like.
std::string ControlOfProcess::spec() const {
  std::string text(control_->text, sizeof(control_->text));
  text.resize(strnlen(text.data(), text.size() - 1));
  return text;
}

void ControlOfProcess::set_spec(const std::string& spec) { change(*control_, spec); }

}  // namespace anysplice::tools
