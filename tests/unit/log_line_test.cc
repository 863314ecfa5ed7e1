// The lines of the trace.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "shim/log/line.h"
#include "shim/log/options.h"
#include "tests/catch.h"

namespace anysplice::log {
namespace {

using Json = nlohmann::json;

std::string made(auto make, size_t size = 4096) {
  std::string memory(size, '\0');
  Text text(memory.data(), size);
  make(&text);
  return std::string(text.view());
}

End end(int fd, const char* kind, std::string_view name = "") {
  End end;
  end.fd = fd;
  end.kind = kind;
  end.inode = 77;
  end.name_length = name.copy(end.name, sizeof(end.name));
  return end;
}

TracedCall call(const char* name) {
  TracedCall call{};
  call.name = name;
  call.by = "ring";
  call.result = 10;
  call.length = 100;
  call.nanoseconds = 12345;
  call.start = {1700000000, 5};
  return call;
}

TEST_CASE("times in words", "[log]") {
  const auto text = [](uint64_t ns) { return made([&](Text* out) { out->duration(ns); }); };
  CHECK(text(0) == "0 ns");
  CHECK(text(999) == "999 ns");
  CHECK(text(1000) == "1.0 us");
  CHECK(text(12345) == "12.3 us");
  CHECK(text(999999) == "999.9 us");
  CHECK(text(1000000) == "1.0 ms");
  CHECK(text(61000000000) == "61.0 s");
}

TEST_CASE("numbers", "[log]") {
  CHECK(made([](Text* out) { out->number(INT64_MIN); }) == "-9223372036854775808");
  CHECK(made([](Text* out) { out->unsigned_number(UINT64_MAX); }) == "18446744073709551615");
  CHECK(made([](Text* out) { out->hex(0); }) == "0x0");
  CHECK(made([](Text* out) { out->unsigned_number(7, 10, 3); }) == "007");
  CHECK(made([](Text* out) { out->add("too long"); }, 3) == "too");
}

TEST_CASE("a line for each call", "[log]") {
  const End file = end(3, "file", "/a\nb\\c");
  const End pipe = end(5, "pipe");
  TracedCall splice = call("splice");
  splice.fd[0] = 3;
  int64_t offset = 0;
  splice.at[0] = &offset;
  splice.known[0] = true;
  splice.offset[0] = -1;
  splice.flags = 3;
  CHECK(made([&](Text* out) { call_line(splice, file, pipe, out); }) ==
        "splice(3<file:/a\\012b\\134c>, [-1], 5<pipe>, NULL, 100, SPLICE_F_MOVE|SPLICE_F_NONBLOCK)"
        " = 10 <ring, 12.3 us>");

  TracedCall range = call("copy_file_range");
  range.known[1] = true;
  range.offset[1] = 7;
  CHECK(made([&](Text* out) { call_line(range, file, end(6, "memfd"), out); }) ==
        "copy_file_range(3<file:/a\\012b\\134c>, NULL, 6<memfd>, [7], 100, 0)"
        " = 10 <ring, 12.3 us>");

  TracedCall tee = call("tee");
  tee.result = -1;
  tee.error = EAGAIN;
  tee.by = "injected";
  tee.flags = 0x100;
  CHECK(made([&](Text* out) { call_line(tee, pipe, end(-1, nullptr), out); }) ==
        "tee(5<pipe>, -1, 100, 0x100) = -1 EAGAIN (Resource temporarily unavailable)"
        " <injected, 12.3 us>");

  TracedCall sendfile = call("sendfile");
  sendfile.result = -1;
  sendfile.error = 4000;
  CHECK(made([&](Text* out) { call_line(sendfile, file, end(6, "tcp"), out); }) ==
        "sendfile(6<tcp>, 3<file:/a\\012b\\134c>, NULL, 100) = -1 errno 4000 <ring, 12.3 us>");

  TracedCall vmsplice = call("vmsplice");
  vmsplice.length = 2;
  vmsplice.known[0] = true;
  vmsplice.segments[0] = {nullptr, 1};
  vmsplice.segments[1] = {reinterpret_cast<void*>(0x1000), 4096};
  CHECK(made([&](Text* out) { call_line(vmsplice, pipe, pipe, out); }) ==
        "vmsplice(5<pipe>, [{NULL, 1}, {0x1000, 4096}], 2, 0) = 10 <ring, 12.3 us>");
  vmsplice.length = 1000;
  CHECK_THAT(made([&](Text* out) { call_line(vmsplice, pipe, pipe, out); }),
             Catch::Contains(", {NULL, 0}, ...], 1000, 0)"));
}

TEST_CASE("other lines", "[log]") {
  CHECK(made([](Text* out) { settled_line(end(5, "pipe"), "poll", 4096, out); }) ==
        "pipe 5 settled: poll, 4096 bytes");
  CHECK(made([](Text* out) { settled_line(end(5, "pipe"), "exit", 1, out); }) ==
        "pipe 5 settled: exit, 1 byte");
  CHECK(made([](Text* out) { missed_line(1, out); }) == "1 event is missing here");
  CHECK(made([](Text* out) { missed_line(2, out); }) == "2 events are missing here");
}

TEST_CASE("whatever a path is, the JSON is valid", "[log]") {
  const auto path = [](std::string_view name) {
    const auto text = made([&](Text* out) {
      call_json(call("splice"), end(3, "file", name), end(5, "pipe"), 1, out);
    });
    return Json::parse(text)["in"]["path"].get<std::string>();
  };
  CHECK(path("/plain") == "/plain");
  CHECK(path("/\"\\\n\x7f") == "/\"\\\n\x7f");
  CHECK(path("/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  // Bytes that are no text: the character of that number.
  CHECK(path("/\xe4") == "/\xc3\xa4");
  CHECK(path("/\xc0\xaf") == "/\xc3\x80\xc2\xaf");
  CHECK(path("/\xed\xa0\x80") == "/\xc3\xad\xc2\xa0\xc2\x80");
  for (int c = 1; c < 256; ++c) {
    CHECK(!path(std::string("/x") + static_cast<char>(c)).empty());
    CHECK(!path(std::string("/x\xe2\x82") + static_cast<char>(c)).empty());
  }
}

TEST_CASE("a call as JSON", "[log]") {
  TracedCall vmsplice = call("vmsplice");
  vmsplice.length = 2;
  vmsplice.known[0] = true;
  vmsplice.segments[1].iov_len = 9;
  vmsplice.flags = 8;
  vmsplice.result = -1;
  vmsplice.error = EINTR;
  const Json json = Json::parse(
      made([&](Text* out) { call_json(vmsplice, end(5, "pipe"), end(5, "pipe"), 42, out); }));
  CHECK(json == Json{{"time", 1700000000.000000005},
                     {"pid", 42},
                     {"call", "vmsplice"},
                     {"pipe", {{"fd", 5}, {"kind", "pipe"}, {"inode", 77}}},
                     {"segments", 2},
                     {"lengths", {0, 9}},
                     {"flags", "SPLICE_F_GIFT"},
                     {"result", -1},
                     {"errno", 4},
                     {"error", "EINTR"},
                     {"by", "ring"},
                     {"seconds", 0.000012345}});
  const Json missed = Json::parse(made([](Text* out) { missed_json({7, {1, 0}}, 3, out); }));
  CHECK(missed == Json{{"time", 1.0}, {"pid", 7}, {"missed", 3}});
}

TEST_CASE("the longest line is cut, not written beyond its memory", "[log]") {
  const End file = end(3, "file", std::string(End::kNameSize, '\n'));
  CHECK(made([&](Text* out) { call_json(call("splice"), file, file, 1, out); }, 500).size() == 500);
  const std::string most =
      made([&](Text* out) { call_json(call("splice"), file, file, 1, out); }, kMostOfLine);
  CHECK(most.size() < kMostOfLine);
  CHECK(Json::accept(most));
}

std::string kind_of(int fd) {
  End end;
  end.look(fd);
  ::close(fd);
  return end.kind == nullptr ? ""
                             : end.kind + std::string(":") + std::string(end.name, end.name_length);
}

TEST_CASE("kinds of descriptors", "[log]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  CHECK(kind_of(ends[0]) == "pipe:");
  CHECK(kind_of(ends[1]) == "pipe:");
  CHECK(kind_of(ends[1]) == "");
  CHECK(kind_of(-1) == "");
  const std::string fifo = "/tmp/anysplice-unit-fifo." + std::to_string(getpid());
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(kind_of(open(fifo.c_str(), O_RDWR)) == "fifo:" + fifo);
  unlink(fifo.c_str());
  CHECK(kind_of(open("/dev/null", O_RDONLY)) == "device:/dev/null");
  CHECK(kind_of(open("/", O_RDONLY)) == "directory:/");
  CHECK(kind_of(open("/etc/passwd", O_RDONLY)) == "file:/etc/passwd");
  CHECK(kind_of(memfd_create("m", 0)) == "memfd:/memfd:m (deleted)");
  CHECK(kind_of(socket(AF_INET, SOCK_STREAM, 0)) == "tcp:");
  CHECK(kind_of(socket(AF_INET, SOCK_DGRAM, 0)) == "udp:");
  CHECK(kind_of(socket(AF_UNIX, SOCK_SEQPACKET, 0)) == "unix:");
}

TEST_CASE("options of the trace", "[log]") {
  const Options none = parse_options("");
  CHECK_FALSE((none.json || none.epoch || none.relative || none.only != 0));
  const Options all = parse_options("json,epoch,since=1700000000000000000,only=12,later");
  CHECK((all.json && all.epoch && all.relative));
  CHECK(all.since == 1700000000000000000);
  CHECK(all.only == 12);
  CHECK_FALSE(parse_options("since=,since=x,only=1x,jsonx,,").relative);
}

}  // namespace
}  // namespace anysplice::log
