#include "states.h"

#include "core/calls/engine.h"

namespace faults {

Box& ring(World& w, size_t bytes) {
  Box& p = w.pipe();
  w.vmsplice_in(p, bytes, kNow);
  return p;
}

Box& held(World& w, size_t bytes, Box& p) {
  w.write(p, bytes);
  w.tee(p, w.stranger(), bytes, kNow);
  w.put_in(p, 77);
  return p;
}
Box& held(World& w, size_t bytes) { return held(w, bytes, w.stranger()); }

void each(World& w, void (*what)(World&, Box&)) {
  what(w, w.pipe());
  what(w, ring(w, 5000));
  what(w, held(w, 5000));
  // Held of a pipe that was made here.
  Box& ours = w.pipe();
  anysplice::expose(ours.out, anysplice::SettleReason::kStdio);
  what(w, held(w, 300, ours));
}

void read_some(World& w, Box& p) {
  if (!p.account.empty()) w.read(p, 100);
  if (!p.account.empty()) w.readv(p, 100);
  if (!p.account.empty()) w.preadv2(p, 100);
}

}  // namespace faults
