// SPDX-License-Identifier: GPL-2.0-only
/**
 * The import rule: arrows go one way, from a layer to those above it in these lists, or within it.
 * Type-only and dynamic imports count. swc parses: dependency-cruiser needs a TypeScript with a
 * JavaScript API, which the one that compiles here does not have.
 */

/** The vector table: it calls upwards on behalf of those below, so that only it has to. */
const CALLBACKS = "^assembly/callbacks\\.ts$";

const ASSEMBLY = [
  "^assembly/arch/wasm/",
  "^assembly/(mm|kernel)/",
  "^assembly/(lib|drivers/tty)/",
  "^assembly/(fs|drivers/base|gates)/",
  "^assembly/drivers/cxl/",
  "^assembly/workload/",
  "^assembly/init/",
  "^assembly/index\\.ts$",
];

const HOST = [
  "^host/(errors\\.ts$|abi/|stats/|result/)",
  "^host/(machine|instrument)/",
  "^host/(bench|stress|check|simulate|wasi|doctor)/",
  "^host/compare/",
  "^host/report/",
  "^host/cli/",
];

/** One rule a layer: it must not import what lies behind it in the list. */
function oneWay(layers) {
  return layers.slice(0, -1).map((from, i) => ({
    name: `one-way: ${from}`,
    severity: "error",
    from: { path: from },
    to: { path: layers.slice(i + 1).join("|"), pathNot: CALLBACKS },
  }));
}

module.exports = {
  forbidden: [
    ...oneWay(ASSEMBLY),
    ...oneWay(HOST),
    {
      name: "capabilities-are-apart",
      comment: "bench, stress, check, simulate, wasi and doctor never import one another.",
      severity: "error",
      from: { path: "^host/(bench|stress|check|simulate|wasi|doctor)/" },
      to: { path: "^host/(bench|stress|check|simulate|wasi|doctor)/", pathNot: "^host/$1/" },
    },
    {
      name: "stats-are-pure",
      comment: "Functions of their arguments: no other folder, no module of node's.",
      severity: "error",
      from: { path: "^host/stats/" },
      to: { pathNot: "^host/stats/" },
    },
    {
      name: "the-border-is-the-wasm",
      severity: "error",
      from: { path: "^(host|assembly)/" },
      to: { path: "^(host|assembly|test|bench)/", pathNot: "^$1/" },
    },
    {
      name: "the-library-has-no-command-line",
      severity: "error",
      from: { path: "^host/index\\.ts$" },
      to: { path: "^host/(cli|report)/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: { path: "^host/" },
      to: { circular: true },
    },
    {
      name: "no-cycles-between-folders",
      comment: "The files of one kernel folder may call one another, as they do there.",
      severity: "error",
      from: { path: "^(assembly/.+/)", pathNot: CALLBACKS },
      to: {
        circular: true,
        path: "^assembly/",
        pathNot: `^$1[^/]+$|${CALLBACKS}`,
        viaOnly: { pathNot: CALLBACKS },
      },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "run-time-dependencies-are-declared",
      comment: "What is installed for development alone is not there for a user.",
      severity: "error",
      from: { path: "^host/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only"],
      },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      extensions: [".ts", ".d.ts", ".js", ".mjs"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
