#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The only file that an old Node gets to see: no static import, no syntax of this decade.
const NODE_MAJOR_MIN = 20;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `hotunplug: Node ${process.versions.node} is too old: it needs ${NODE_MAJOR_MIN} or newer\n`,
  );
  process.exitCode = 3;
} else {
  void import("./cli.ts").then(({ run }) => run());
}

export {};
