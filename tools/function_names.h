// Names of functions from the symbol tables of programs and libraries.
#ifndef ANYSPLICE_TOOLS_FUNCTION_NAMES_H_
#define ANYSPLICE_TOOLS_FUNCTION_NAMES_H_

#include <stdint.h>

#include <map>
#include <string>
#include <vector>

namespace anysplice::tools {

// Reads each file once: its full table of symbols, or, where that was stripped, the one of the
// separate debug file of its build id, or the names that it exports.
class FunctionNames {
 public:
  // The function that a return address belongs to, demangled; empty if it is not known.
  std::string name_of(const std::string& object, uint64_t return_address);

 private:
  struct Function {
    uint64_t start;
    uint64_t size;
    std::string name;
  };
  struct Reader;
  static std::vector<Function> read(const std::string& path);

  std::map<std::string, std::vector<Function>> objects_;  // sorted by start
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_FUNCTION_NAMES_H_
