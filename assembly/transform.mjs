// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the optimiser is told before it runs. Functions of the same code stay functions of their own: of those
 * that it makes one of, a schedule or a report would tell the first by name and line, whichever was called.
 * And the functions below stay out of line.
 *
 * `*_slowpath`: a call that is never taken still makes an engine spill around it; hot loops leave
 * before they call. `futex_wait`: node 20's baseline compiler zeroes 4 bytes of the caller's stack
 * slot below a wait's operands, so the wait stands in a frame that holds nothing else.
 * `kmalloc`, `kzalloc`, `kfree`: their call sites are what the sanitizer names as allocation and free sites.
 * `kasan_kmalloc`, `kasan_kfree`: dead without the sanitizer, and large.
 * `printk`, `panic`: `check` stands in for them, as for kmalloc() and kfree().
 */
const OUT_OF_LINE = [
  "*_slowpath*",
  "*/futex_wait",
  "*/kmalloc",
  "*/kzalloc",
  "*/kfree",
  "*/kasan_kmalloc",
  "*/kasan_kfree",
  "*/printk",
  "*/panic",
];

export default class {
  afterCompile(module) {
    for (const pattern of OUT_OF_LINE) {
      this.binaryen.setPassArgument("no-inline", pattern);
      module.runPasses(["no-inline"]);
    }
    this.binaryen.setPassArgument("no-inline", null);
    this.binaryen.addPassToSkip("duplicate-function-elimination");
  }
}
