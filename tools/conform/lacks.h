// What the cases need of the machine besides the calls.
#ifndef ANYSPLICE_TOOLS_CONFORM_LACKS_H_
#define ANYSPLICE_TOOLS_CONFORM_LACKS_H_

#include <string>
#include <vector>

namespace conform {

struct Lack {
  const char* end;  // what the names of such ends, and of cases with them, contain
  std::string why;
};

// The ends that cannot be made here, as in a folder with nothing but this program.
std::vector<Lack> lacks_here();

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_LACKS_H_
