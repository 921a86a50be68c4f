// SPDX-License-Identifier: GPL-2.0-only
/**
 * The patch series as history: what its commit messages and its review said of the driver, and what
 * decides whether that is so. A claim is data; answers.ts finds out, at each revision.
 */
import { REACHED } from "./scenarios/probe.ts";
import type { Wanted } from "./wanted.ts";

/** A configuration, and what in it would show that a claim is right. */
export interface Question {
  readonly scenario: string;
  readonly variant: string;
  readonly wanted: Wanted;
  /** Most preemptions of a schedule that is looked at; default: any number. */
  readonly preemptions?: number;
}

export interface Claim {
  /** F, S, V and T are those of the headers of drivers/cxl/memdev/. */
  readonly id: string;
  /** One sentence; reached means that it is right. */
  readonly claim: string;
  /** Who said so, where. */
  readonly source: string;
  /** What decides it; a string: why no schedule does. */
  readonly decidedBy: Question | string;
  /** Revisions that it can be said of; default: all. */
  readonly revisions?: readonly string[];
  /** Of put_device; default: the one that Linux has. */
  readonly gate?: string;
}

const PATCH = "commit message of 5877515912cc";
const FIXUP = "commit message of 1c3333a28d45";
/** Nobody is known to have said it before. */
const READ = "the code, as read for this project";
const MEMDEV = "SLAB_CXL_MEMDEV";

function when(place: string, property: string, object?: string): Question {
  const [scenario = "", variant = ""] = place.split("/");
  return { scenario, variant, wanted: { property, ...(object === undefined ? {} : { object }) } };
}

/** Of a state that the variant watches for. */
function reaching(variant: string): Question {
  return when(`history/${variant}`, REACHED);
}

/** What the patch was to mend, and what its message and the review of its versions add. */
const GATE: readonly Claim[] = [
  {
    id: "F0",
    claim: "an ioctl runs with a driver context that removal is done with",
    source: "subject of 5877515912cc, from v2 on",
    decidedBy: when("removal/client-remover", "body with dead context"),
  },
  {
    id: "F1",
    claim: "without a device reference of its own an open file's ioctl finds its memdev freed",
    source: `${PATCH}; review of v1`,
    decidedBy: when("removal/client-remover", "use after free", MEMDEV),
  },
  {
    id: "F1r",
    claim: "what then holds the memdev is the cdev's reference on its parent, and nothing else",
    source: "the code of fs/char_dev.c, as read for this project",
    decidedBy: reaching("held-by-cdev"),
  },
  {
    id: "F4",
    claim: "ioctls are refused while the device is still registered: no mirror of the set-up",
    source: "review of v1",
    decidedBy: reaching("refused-early"),
  },
  {
    id: "V2",
    claim: "a flag that is read without READ_ONCE() is believed twice",
    source: "review of v2",
    decidedBy: "a matter of the compiler: the flag is read by an atomic load here",
    revisions: ["srcu"],
  },
  {
    id: "V3",
    claim: "an ioctl on a device that is just coming finds no context yet: -ENXIO",
    source: "a comment in 5877515912cc says that it does not; review of v3",
    decidedBy: when("history/arrival", "wrong result"),
  },
];

const UNWIND: readonly Claim[] = [
  {
    id: "F2",
    claim: "who opened while an add that fails was under way uses a memdev that is freed",
    source: `${PATCH}: missing put_device(); ${FIXUP}`,
    decidedBy: when("add-fails/device_add", "use after free", MEMDEV),
  },
  {
    id: "F2n",
    claim: "an add that fails leaks the device's name",
    source: `${PATCH}: missing put_device(); ${FIXUP}`,
    decidedBy: when("add-fails/cdev_add", "leak", "SLAB_NAME"),
  },
  {
    id: "F2o",
    claim: "an open succeeds although cdev_device_add() then fails",
    source: "comments in b39cb1052a5c and 5877515912cc; a surprise to the review of v3",
    decidedBy: reaching("window"),
  },
  {
    id: "F3",
    claim: "an add that fails gives its id back while an ioctl is inside",
    source: READ,
    decidedBy: reaching("id-returned"),
  },
  {
    id: "F5",
    claim: "an add that fails before anything is live waits for a grace period all the same",
    source: `${PATCH}: complexities of shutting down a percpu_ref; ${READ}`,
    decidedBy: reaching("idle-unwind"),
  },
  {
    id: "F6",
    claim: "that dev_set_name() failed is not looked at: an opener comes in, and uses freed memory",
    source: FIXUP,
    decidedBy: when("add-fails/dev_set_name", "use after free", MEMDEV),
  },
];

const LEFT: readonly Claim[] = [
  {
    id: "S3",
    claim: "one id more is given out than device numbers are reserved",
    source: READ,
    decidedBy: reaching("last-id"),
  },
  {
    id: "S4",
    claim: "the device has power attributes that mean nothing",
    source: "commit message of 7eda6457a9ca",
    decidedBy: "there is no sysfs here",
  },
  {
    id: "S5",
    claim: "an output of variable size is copied out beyond the room that the caller gave",
    source: READ,
    decidedBy: reaching("overrun"),
  },
  {
    id: "S6",
    claim: "the removal of one device waits for an ioctl on another",
    source: READ,
    decidedBy: reaching("other-device"),
  },
  {
    id: "S6d",
    claim: "the same with an rwsem for each device",
    source: "the gate rwsem_per_device, for comparison",
    decidedBy: reaching("other-device"),
    revisions: ["put_device"],
    gate: "rwsem_per_device",
  },
  {
    id: "S6q",
    claim: "while a removal waits for an ioctl, an ioctl on another device waits for the removal",
    source: READ,
    decidedBy: { ...reaching("convoy"), preemptions: 1 },
  },
  {
    id: "S7",
    claim: "release goes by i_cdev although private_data has the memdev",
    source: READ,
    decidedBy: "a matter of style: both are the same pointer while the file pins the cdev",
    revisions: ["srcu", "rwsem", "put_device", "shutdown_first", "del_first"],
  },
  {
    id: "T1",
    claim: "the teardown of an endpoint finds no context: a null dereference",
    source: "commit message of 88d3917f82ed, of 9cc238c7a526",
    decidedBy: when("removal/client-remover", "null context in teardown"),
    revisions: ["shutdown_first", "del_first"],
  },
];

export const CLAIMS: readonly Claim[] = [...GATE, ...UNWIND, ...LEFT];
