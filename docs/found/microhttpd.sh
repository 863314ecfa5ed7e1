#!/bin/bash
# A test of libmicrohttpd: a server whose response is the file `in` is asked for it, as `out`. Needs a C
# compiler and libmicrohttpd-dev. Run it in a scratch folder.
. "$(dirname "$0")/fetch.sh"
. "$(dirname "$0")/need.sh"
need cc gcc
need /usr/include/microhttpd.h libmicrohttpd-dev
need curl curl
cat >server.c <<'END'
#include <fcntl.h>
#include <microhttpd.h>
#include <sys/stat.h>
#include <unistd.h>
static enum MHD_Result answer(void *state, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **request) {
  struct stat status;
  int file = open("in", O_RDONLY);
  fstat(file, &status);
  struct MHD_Response *response = MHD_create_response_from_fd(status.st_size, file);
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}
int main(void) {
  if (!MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 8121, NULL, NULL, answer, NULL, MHD_OPTION_END))
    return 1;
  for (;;) pause();
}
END
[ -x server ] || env -u LD_PRELOAD cc -o server server.c -lmicrohttpd || exit
./server &
fetch http://127.0.0.1:8121/
status=$?
kill $! && wait
exit $status
