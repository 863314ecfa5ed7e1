// Catch2, of whichever version is there: 2 (Debian 12) is one header, 3 (Debian 13) has many, and
// other names for a few things. Tests include this file and use the names of version 2.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#ifdef CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#endif
#include <string>

using Catch::Approx;

namespace Catch {

using Matchers::EndsWith;
using Matchers::StartsWith;
inline auto Contains(const std::string& text) { return Matchers::ContainsSubstring(text); }
#ifdef CATCH_CONFIG_EXTERNAL_INTERFACES
using TestEventListenerBase = EventListenerBase;
#endif

}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
