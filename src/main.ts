#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 node --max-semi-space-size=8 --
/**
 * Checks the version of Node before anything else is loaded: an older one fails later, with errors that do not say why.
 *
 * The first line is how the program is started in the image as well: V8's young generation otherwise grows to 128 MB, and glibc keeps
 * what large buffers leave behind; docs/performance.md has the figures.
 */
const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `connect-sso needs Node 22.19 or later, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      "Install a newer Node, or use the stand-alone binary or the container image.",
  );
  process.exitCode = 1;
} else {
  // Not at the top level: the stand-alone binary is CommonJS, which cannot wait there.
  void import("./cli/start.ts").then(({ start }) => start());
}
