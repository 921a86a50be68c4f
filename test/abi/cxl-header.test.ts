// SPDX-License-Identifier: GPL-2.0-only
/**
 * Numbers, sizes and offsets against the system's own linux/cxl_mem.h, by a C program that prints what
 * its compiler makes of it. Headers after v5.12 have unsigned size fields and more commands; nothing
 * that was there has moved.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalKernel } from "../drivers/cxl/kernel.ts";

/** C expression of each constant of the module. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  CXL_MEM_QUERY_COMMANDS: "CXL_MEM_QUERY_COMMANDS",
  CXL_MEM_SEND_COMMAND: "CXL_MEM_SEND_COMMAND",
  SIZEOF_CXL_COMMAND_INFO: "sizeof(struct cxl_command_info)",
  OFFSETOF_CXL_COMMAND_INFO_FLAGS: "offsetof(struct cxl_command_info, flags)",
  OFFSETOF_CXL_COMMAND_INFO_SIZE_IN: "offsetof(struct cxl_command_info, size_in)",
  OFFSETOF_CXL_COMMAND_INFO_SIZE_OUT: "offsetof(struct cxl_command_info, size_out)",
  SIZEOF_CXL_MEM_QUERY_COMMANDS: "offsetof(struct cxl_mem_query_commands, commands)",
  SIZEOF_CXL_SEND_COMMAND: "sizeof(struct cxl_send_command)",
  OFFSETOF_CXL_SEND_COMMAND_FLAGS: "offsetof(struct cxl_send_command, flags)",
  OFFSETOF_CXL_SEND_COMMAND_RAW_OPCODE: "offsetof(struct cxl_send_command, raw.opcode)",
  OFFSETOF_CXL_SEND_COMMAND_RAW_RSVD: "offsetof(struct cxl_send_command, raw.rsvd)",
  OFFSETOF_CXL_SEND_COMMAND_RETVAL: "offsetof(struct cxl_send_command, retval)",
  OFFSETOF_CXL_SEND_COMMAND_IN_SIZE: "offsetof(struct cxl_send_command, in.size)",
  OFFSETOF_CXL_SEND_COMMAND_IN_RSVD: "offsetof(struct cxl_send_command, in.rsvd)",
  OFFSETOF_CXL_SEND_COMMAND_IN_PAYLOAD: "offsetof(struct cxl_send_command, in.payload)",
  OFFSETOF_CXL_SEND_COMMAND_OUT_SIZE: "offsetof(struct cxl_send_command, out.size)",
  OFFSETOF_CXL_SEND_COMMAND_OUT_RSVD: "offsetof(struct cxl_send_command, out.rsvd)",
  OFFSETOF_CXL_SEND_COMMAND_OUT_PAYLOAD: "offsetof(struct cxl_send_command, out.payload)",
};

const COMMANDS: readonly string[] = [
  "INVALID",
  "IDENTIFY",
  "RAW",
  "GET_SUPPORTED_LOGS",
  "GET_FW_INFO",
  "GET_PARTITION_INFO",
  "GET_LSA",
  "GET_HEALTH_INFO",
  "GET_LOG",
];

function program(): string {
  const rows: [string, string][] = [
    ...Object.entries(EXPRESSIONS),
    ...COMMANDS.map((name): [string, string] => [
      `CXL_MEM_COMMAND_ID_${name}`,
      `CXL_MEM_COMMAND_ID_${name}`,
    ]),
    ["MAX", "CXL_MEM_COMMAND_ID_MAX"],
    ["SIGNED_SIZE", "((__typeof__(((struct cxl_send_command *)0)->in.size))-1 < 0)"],
  ];
  const prints = rows.map(
    ([name, c]) => `  printf("${name} %llu\\n", (unsigned long long)(${c}));`,
  );
  return [
    "#include <stdio.h>",
    "#include <stddef.h>",
    "#include <sys/ioctl.h>",
    "#include <linux/cxl_mem.h>",
    `int main(void) {\n${prints.join("\n")}\n  return 0;\n}`,
    "",
  ].join("\n");
}

/** Why the comparison cannot be made, or null. */
function missing(): string | null {
  const cc = spawnSync("cc", ["-E", "-"], {
    input: "#include <linux/cxl_mem.h>\n",
    encoding: "utf8",
  });
  if (cc.error !== undefined) return "no cc here";
  return cc.status === 0 ? null : "no linux/cxl_mem.h here";
}

function compileAndRun(): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), "hotunplug-"));
  try {
    const binary = join(folder, "layout");
    execFileSync("cc", ["-std=gnu11", "-x", "c", "-o", binary, "-"], { input: program() });
    const lines = execFileSync(binary, { encoding: "utf8" }).trim().split("\n");
    return new Map(
      lines.map((line) => {
        const [name = "", value] = line.split(" ");
        return [name, Number(value)];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const reason = missing();
if (reason !== null) console.log(`linux/cxl_mem.h is not compared: skipped, ${reason}`);

const compared = reason === null ? test : test.skip;

compared("numbers, sizes and offsets are those of the system's linux/cxl_mem.h", () => {
  const kernel = new LocalKernel();
  const header = compileAndRun();
  const names = [
    ...Object.keys(EXPRESSIONS),
    ...COMMANDS.map((name) => `CXL_MEM_COMMAND_ID_${name}`),
  ];
  for (const name of names) {
    assert.is(kernel.constant(name) >>> 0, header.get(name), name);
  }
  const max = header.get("MAX") ?? 0;
  assert.ok(max >= kernel.constant("CXL_MEM_COMMAND_ID_MAX"), "a header older than v5.12");
  const sizes = header.get("SIGNED_SIZE") === 1 ? "signed" : "unsigned";
  console.log(
    `linux/cxl_mem.h here has ${max} commands (9 in v5.12) and ${sizes} sizes (signed in v5.12)`,
  );
});

test.run();
