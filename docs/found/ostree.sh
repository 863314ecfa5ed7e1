#!/bin/bash
# A test of ostree: commits the file `in`, checks it out without links, and has the copy as `out`. Run it in
# a scratch folder.
. "$(dirname "$0")/need.sh"
need ostree ostree
rm -rf tree repo checkout
mkdir tree && ln in tree/in &&
  ostree --repo=repo init --mode=bare &&
  ostree --repo=repo commit --branch=x --tree=dir=tree >/dev/null &&
  ostree --repo=repo checkout -C x checkout &&
  ostree --repo=repo fsck >/dev/null &&
  ln -f checkout/in out
