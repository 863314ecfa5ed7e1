#include "tools/commands.h"
#include "tools/status.h"

namespace anysplice::tools {

int print_version() { return print("anysplice " ANYSPLICE_VERSION "\n"); }

}  // namespace anysplice::tools
