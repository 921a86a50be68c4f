// SPDX-License-Identifier: GPL-2.0-only
// Bounds of the type parameters, for the type checker only: asc resolves the calls on the concrete
// class and never reads this file. An AssemblyScript interface would dispatch at run time, and may
// not have generic methods.

/** What a gate is: see gates/gate.ts for the contract of each method. */
interface Gate {
  bytes(where: u32): u32;
  entrants(): u32;
  body(): u32;
  admits(): u32;
  init(): i32;
  enter_fast(): u32;
  enter_ok(s: u32): bool;
  entered(s: u32): void;
  enter_slowpath(s: u32): u32;
  exit_fast(cookie: u32): u32;
  exit_ok(s: u32): bool;
  exited(s: u32): void;
  exit_slowpath(s: u32): void;
  kill(slot: usize): void;
  destroy(): void;
}

/** What follows a section in its burst: see workload/section.ts. */
interface Rest {
  sections<G extends Gate>(g: G, slot: usize): void;
}

/** A revision of the memdev driver: see drivers/cxl/memdev/revision.ts for the contract. */
interface Driver {
  add_memdev(cxlm: usize): i32;
  unregister(cxlmd: usize): void;
  release(dev: usize): void;
  ref_release(ref: usize): void;
  open(inode: usize, file: usize): i32;
  release_file(inode: usize, file: usize): void;
  ioctl(file: usize, cmd: u32, arg: u64): i32;
}

/** In which order a memdev with an endpoint is unregistered: see drivers/cxl/memdev/endpoint.ts. */
interface Takedown {
  take_down(cxlmd: usize, dev: usize): void;
}

/** Work to be compiled once for each gate. */
interface GateOp {
  run<G extends Gate>(): i32;
}

/** Work to be compiled once for each driver (a revision with its gate). */
interface DriverOp {
  run<D extends Driver>(): i32;
}
