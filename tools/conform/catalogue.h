// All cases, each with its id.
#ifndef ANYSPLICE_TOOLS_CONFORM_CATALOGUE_H_
#define ANYSPLICE_TOOLS_CONFORM_CATALOGUE_H_

#include <string>
#include <string_view>
#include <vector>

#include "tools/conform/cases/case.h"
#include "tools/conform/topics.h"

namespace conform {

struct Item {
  oracle::Case body;
  const Topic* topic;
  std::string id;    // "splice.file_to_file_o_append.order"
  std::string call;  // "splice"
  std::vector<std::string> kinds;
};

// In the order of their groups. Throws std::logic_error if two have one id. Not thread-safe.
const std::vector<Item>& catalogue();

// The kinds of ends that a text speaks of, which is the name of a case or of a step: "pipe -> TCP".
std::vector<std::string> kinds_in(std::string_view text);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_CATALOGUE_H_
