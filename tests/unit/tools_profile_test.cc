// What `anysplice profile` prints.
#include <nlohmann/json.hpp>
#include <string>

#include "tests/catch.h"
#include "tools/profile.h"

namespace anysplice::tools {
namespace {

using Json = nlohmann::json;

Profile three() {
  Profile profile;
  profile.calls = block_by_default().reset(static_cast<size_t>(Call::kSendfile));
  profile.library = "/lib/libanysplice.so.0";
  return profile;
}

Json rule(const char* name, const char* action) { return {{"names", {name}}, {"action", action}}; }

TEST_CASE("the calls as filters name them", "[tools]") {
  Profile profile = three();
  CHECK(profile.system_calls() == std::vector<std::string>{"splice", "tee", "vmsplice"});
  profile.calls = block_by_default();
  profile.io_uring = true;
  CHECK(profile.system_calls() == std::vector<std::string>{"splice", "tee", "vmsplice", "sendfile",
                                                           "sendfile64", "io_uring_setup",
                                                           "io_uring_enter", "io_uring_register"});
}

TEST_CASE("names of services", "[tools]") {
  for (const char* name : {"nginx", "nginx.service", "a@b", "x@.service", "with-dash_1:2\\x2d"}) {
    CHECK(as_drop_in(three(), name).ok());
  }
  for (const char* name : {"", "a b", "a/b", "../a", "a\nb", "a.socket", "a.timer", "$(a)"}) {
    CHECK_FALSE(as_drop_in(three(), name).ok());
  }
  const std::string text = *as_drop_in(three(), "nginx");
  CHECK(text.find("/etc/systemd/system/nginx.service.d/") != std::string::npos);
  CHECK(text == *as_drop_in(three(), "nginx.service"));
}

TEST_CASE("paths in a drop-in", "[tools]") {
  Profile profile = three();
  profile.library = "/a%b\\c\"d.so";
  CHECK(as_drop_in(profile, "x")->find(R"(Environment="LD_PRELOAD=/a%%b\\c\"d.so")") !=
        std::string::npos);
}

TEST_CASE("a profile of its own", "[tools]") {
  const Json json = Json::parse(*as_seccomp(three(), ""));
  CHECK(json["defaultAction"] == "SCMP_ACT_ALLOW");
  REQUIRE(json["syscalls"].size() == 1);
  CHECK(json["syscalls"][0]["names"] == Json{"splice", "tee", "vmsplice"});
  CHECK(json["syscalls"][0]["action"] == "SCMP_ACT_ERRNO");
  CHECK(json["syscalls"][0]["errnoRet"] == 38);
}

TEST_CASE("a profile on the base of another", "[tools]") {
  Json base;
  base["defaultAction"] = "SCMP_ACT_ERRNO";
  base["archMap"] = {{{"architecture", "SCMP_ARCH_X86_64"}}};
  base["syscalls"] = {{{"names", {"read", "splice", "write"}}, {"action", "SCMP_ACT_ALLOW"}},
                      rule("tee", "SCMP_ACT_ALLOW"),
                      rule("vmsplice", "SCMP_ACT_TRAP"),
                      {{"name", "splice"}, {"action", "SCMP_ACT_ALLOW"}},
                      {{"name", "sendfile"}, {"action", "SCMP_ACT_ALLOW"}}};
  const Json left = {{{"names", {"read", "write"}}, {"action", "SCMP_ACT_ALLOW"}},
                     {{"name", "sendfile"}, {"action", "SCMP_ACT_ALLOW"}}};
  const Json refuse = {
      {"names", {"splice", "tee", "vmsplice"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}};
  Json refused = left;
  refused.push_back(refuse);

  SECTION("that lacks what it does not name") {
    base["defaultErrnoRet"] = 38;
    const Json json = Json::parse(*as_seccomp(three(), base.dump()));
    CHECK(json["syscalls"] == left);
    CHECK(json["archMap"] == base["archMap"]);
  }
  SECTION("that refuses what it does not name, with another error") {
    CHECK(Json::parse(*as_seccomp(three(), base.dump()))["syscalls"] == refused);
    base["defaultErrnoRet"] = 1;
    CHECK(Json::parse(*as_seccomp(three(), base.dump()))["syscalls"] == refused);
  }
  SECTION("that kills") {
    base["defaultAction"] = "SCMP_ACT_KILL_PROCESS";
    CHECK(Json::parse(*as_seccomp(three(), base.dump()))["syscalls"] == refused);
  }
  SECTION("that allows") {
    base["defaultAction"] = "SCMP_ACT_ALLOW";
    CHECK(Json::parse(*as_seccomp(three(), base.dump()))["syscalls"] == refused);
    base.erase("syscalls");
    CHECK(Json::parse(*as_seccomp(three(), base.dump()))["syscalls"] == Json{refuse});
  }
}

TEST_CASE("what is no profile", "[tools]") {
  for (const char* text :
       {"{}", "[]", "x", "{\"defaultAction\": 1}", "{\"defaultAction\": \"a\", \"syscalls\": 1}",
        "{\"defaultAction\": \"a\", \"syscalls\": [1]}",
        "{\"defaultAction\": \"a\", \"syscalls\": [{\"names\": 1}]}",
        "{\"defaultAction\": \"a\", \"syscalls\": [{}]}"}) {
    CHECK_FALSE(as_seccomp(three(), text).ok());
  }
}

}  // namespace
}  // namespace anysplice::tools
