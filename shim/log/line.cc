#include "shim/log/line.h"

#include <string.h>

#include "core/base/errno_names.h"
#include "core/sys/splice_flags.h"

#ifdef __GLIBC__
// Not before 2.32.
extern "C" const char* strerrordesc_np(int) noexcept __attribute__((weak));
#endif

namespace anysplice::log {
namespace {

struct FlagName {
  unsigned flag;
  const char* name;
};
constexpr FlagName kFlagNames[] = {{kSpliceMove, "SPLICE_F_MOVE"},
                                   {kSpliceNonblock, "SPLICE_F_NONBLOCK"},
                                   {kSpliceMore, "SPLICE_F_MORE"},
                                   {kSpliceGift, "SPLICE_F_GIFT"}};

// In English, without a lock or an allocation; null if there is no such function.
const char* text_of_errno(int error) {
#ifdef __GLIBC__
  return strerrordesc_np != nullptr ? strerrordesc_np(error) : nullptr;
#else
  return strerror(error);
#endif
}

void add_flags(unsigned flags, Text* out) {
  const char* separator = "";
  for (const FlagName& known : kFlagNames) {
    if ((flags & known.flag) == 0) continue;
    out->add(separator).add(known.name);
    separator = "|";
    flags &= ~known.flag;
  }
  if (flags != 0) out->add(separator).hex(flags);
  if (flags == 0 && *separator == '\0') out->add('0');
}

void add_end(const End& end, Text* out) {
  out->number(end.fd);
  if (end.kind == nullptr) return;
  out->add('<').add(end.kind);
  if (end.name_length > 0) {
    out->add(':');
    for (size_t i = 0; i < end.name_length; ++i) {
      const auto c = static_cast<unsigned char>(end.name[i]);
      if (c < ' ' || c == 0x7f || c == '\\') {
        out->add('\\').unsigned_number(c, 8, 3);
      } else {
        out->add(end.name[i]);
      }
    }
  }
  out->add('>');
}

void add_pointer(const void* pointer, Text* out) {
  if (pointer == nullptr) {
    out->add("NULL");
  } else {
    out->hex(reinterpret_cast<uintptr_t>(pointer));
  }
}

void add_offset(const TracedCall& call, int which, Text* out) {
  if (!call.known[which]) return add_pointer(call.at[which], out);
  out->add('[').number(call.offset[which]).add(']');
}

size_t segments_shown(const TracedCall& call) {
  if (!call.known[0]) return 0;
  return call.length < TracedCall::kSegments ? call.length : TracedCall::kSegments;
}

void add_segments(const TracedCall& call, Text* out) {
  if (!call.known[0]) return add_pointer(call.at[0], out);
  out->add('[');
  for (size_t i = 0; i < segments_shown(call); ++i) {
    out->add(i == 0 ? "{" : ", {");
    add_pointer(call.segments[i].iov_base, out);
    out->add(", ").unsigned_number(call.segments[i].iov_len).add('}');
  }
  if (call.length > segments_shown(call)) out->add(", ...");
  out->add(']');
}

bool is(const TracedCall& call, const char* name) { return strcmp(call.name, name) == 0; }

void add_arguments(const TracedCall& call, const End& source, const End& sink, Text* out) {
  if (is(call, "vmsplice")) {
    add_end(source, out);
    out->add(", ");
    add_segments(call, out);
    out->add(", ");
  } else if (is(call, "sendfile")) {
    add_end(sink, out);
    out->add(", ");
    add_end(source, out);
    out->add(", ");
    add_offset(call, 0, out);
    out->add(", ");
  } else {
    const bool offsets = !is(call, "tee");
    add_end(source, out);
    out->add(", ");
    if (offsets) {
      add_offset(call, 0, out);
      out->add(", ");
    }
    add_end(sink, out);
    out->add(", ");
    if (offsets) {
      add_offset(call, 1, out);
      out->add(", ");
    }
  }
  out->unsigned_number(call.length);
  if (is(call, "sendfile")) return;
  out->add(", ");
  add_flags(call.flags, out);
}

// --- JSON ----------------------------------------------------------------------------------------

// The length of the UTF-8 sequence that begins here; 0 if there is none.
size_t sequence(const char* text, size_t left) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || length > left) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Too long a form, a surrogate, beyond Unicode.
  if (length > 2) {
    const unsigned second = byte(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) {
      return 0;
    }
  }
  return length;
}

// A byte that is no text becomes the character of that number.
void add_string(const char* text, size_t length, Text* out) {
  out->add('"');
  for (size_t i = 0; i < length;) {
    const size_t size = sequence(text + i, length - i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (size == 0 || c < ' ' || c == 0x7f) {
      out->add("\\u").unsigned_number(c, 16, 4);
    } else {
      if (c == '"' || c == '\\') out->add('\\');
      out->add(std::string_view(text + i, size));
    }
    i += size == 0 ? 1 : size;
  }
  out->add('"');
}

void add_string(const char* text, Text* out) { add_string(text, strlen(text), out); }

void add_seconds(uint64_t seconds, uint64_t nanoseconds, Text* out) {
  out->unsigned_number(seconds).add('.').unsigned_number(nanoseconds, 10, 9);
}

void add_stamp(const Stamp& stamp, Text* out) {
  out->add("{\"time\":");
  add_seconds(static_cast<uint64_t>(stamp.time.tv_sec), static_cast<uint64_t>(stamp.time.tv_nsec),
              out);
  out->add(",\"pid\":").number(stamp.pid);
}

void add_end_json(const char* key, const End& end, Text* out) {
  out->add(",\"").add(key).add("\":{\"fd\":").number(end.fd);
  if (end.kind != nullptr) {
    out->add(",\"kind\":");
    add_string(end.kind, out);
    out->add(",\"inode\":").unsigned_number(end.inode);
    if (end.name_length > 0) {
      out->add(",\"path\":");
      add_string(end.name, end.name_length, out);
    }
  }
  out->add('}');
}

void add_offset_json(const char* key, const TracedCall& call, int which, Text* out) {
  if (!call.known[which]) return;
  out->add(",\"").add(key).add("\":").number(call.offset[which]);
}

void add_arguments_json(const TracedCall& call, const End& source, const End& sink, Text* out) {
  if (is(call, "vmsplice")) {
    add_end_json("pipe", source, out);
    out->add(",\"segments\":").unsigned_number(call.length);
    if (call.known[0] && call.length <= TracedCall::kSegments) {
      out->add(",\"lengths\":[");
      for (size_t i = 0; i < call.length; ++i) {
        out->add(i == 0 ? "" : ",").unsigned_number(call.segments[i].iov_len);
      }
      out->add(']');
    }
  } else {
    add_end_json("in", source, out);
    add_offset_json("in_offset", call, 0, out);
    add_end_json("out", sink, out);
    add_offset_json("out_offset", call, 1, out);
    out->add(",\"length\":").unsigned_number(call.length);
  }
  if (is(call, "sendfile")) return;
  out->add(",\"flags\":\"");
  add_flags(call.flags, out);
  out->add('"');
}

}  // namespace

void call_line(const TracedCall& call, const End& source, const End& sink, Text* out) {
  out->add(call.name).add('(');
  add_arguments(call, source, sink, out);
  out->add(") = ").number(call.result);
  if (call.result < 0) {
    const char* const name = name_of_errno(call.error);
    const char* const text = text_of_errno(call.error);
    out->add(' ');
    if (name != nullptr) {
      out->add(name);
    } else {
      out->add("errno ").number(call.error);
    }
    if (name != nullptr && text != nullptr) out->add(" (").add(text).add(')');
  }
  out->add(" <").add(call.by).add(", ").duration(call.nanoseconds).add('>');
}

void settled_line(const End& pipe, const char* why, size_t bytes, Text* out) {
  out->add("pipe ").number(pipe.fd).add(" settled: ").add(why).add(", ");
  out->unsigned_number(bytes).add(bytes == 1 ? " byte" : " bytes");
}

void missed_line(uint64_t events, Text* out) {
  out->unsigned_number(events).add(events == 1 ? " event is" : " events are").add(" missing here");
}

void call_json(const TracedCall& call, const End& source, const End& sink, pid_t pid, Text* out) {
  add_stamp({pid, call.start}, out);
  out->add(",\"call\":");
  add_string(call.name, out);
  add_arguments_json(call, source, sink, out);
  out->add(",\"result\":").number(call.result);
  if (call.result < 0) {
    const char* const name = name_of_errno(call.error);
    out->add(",\"errno\":").number(call.error);
    if (name != nullptr) {
      out->add(",\"error\":");
      add_string(name, out);
    }
  }
  out->add(",\"by\":");
  add_string(call.by, out);
  out->add(",\"seconds\":");
  add_seconds(call.nanoseconds / 1000000000, call.nanoseconds % 1000000000, out);
  out->add('}');
}

void settled_json(const Stamp& stamp, const End& pipe, const char* why, size_t bytes, Text* out) {
  add_stamp(stamp, out);
  add_end_json("settled", pipe, out);
  out->add(",\"why\":");
  add_string(why, out);
  out->add(",\"bytes\":").unsigned_number(bytes).add('}');
}

void missed_json(const Stamp& stamp, uint64_t events, Text* out) {
  add_stamp(stamp, out);
  out->add(",\"missed\":").unsigned_number(events).add('}');
}

}  // namespace anysplice::log
