// SPDX-License-Identifier: GPL-2.0-only
/** A CXL device under test: plugged in, bound, with its knobs by name. */
import type { Stuck } from "./device-model.ts";
import type { LocalKernel } from "./kernel.ts";
import type { ModelConfig } from "./model.ts";

export const STATUS_READY = 0x14;

export interface DeviceKnobs {
  payloadLog2?: number;
  serviceNs?: bigint;
  status?: number;
  stuck?: Stuck;
  failCode?: number;
  failOpcode?: number;
  forceLength?: number;
  /** Command ids in the Command Effects Log. */
  celIds?: readonly number[];
  celVendor?: number;
  logs?: { cel: boolean; vendor: boolean };
}

const STUCK: Record<Stuck, string> = {
  no: "CXL_HW_STUCK_NONE",
  busy: "CXL_HW_STUCK_BUSY",
  "on-ring": "CXL_HW_STUCK_ON_RING",
  toggle: "CXL_HW_STUCK_TOGGLE",
};

/** Sets the driver's own settings, and takes its one-shot warnings back. */
export function configure(kernel: LocalKernel, config: ModelConfig, timeoutNs = 0n): void {
  const globals = kernel.constant("CXL_STATE");
  const set = (field: string, value: boolean) =>
    kernel.view.setUint32(globals + kernel.constant(`OFFSETOF_CXL_GLOBALS_${field}`), +value, true);
  set("RAW_COMMANDS", config.rawCommands);
  set("LOCKED_DOWN", config.lockedDown);
  set("RAW_ALLOW_ALL", config.rawAllowAll);
  set("WARNED_RAW", false);
  set("WARNED_SIZE", false);
  const timeout = kernel.constant("OFFSETOF_CXL_GLOBALS_MBOX_TIMEOUT_NS");
  kernel.view.setBigUint64(globals + timeout, timeoutNs, true);
}

export class DeviceUnderTest {
  readonly kernel: LocalKernel;
  /** struct device of the PCI function. */
  readonly dev: number;
  readonly hw: number;
  /** Driver context; 0 until bound. */
  cxlm = 0;

  constructor(kernel: LocalKernel, knobs: DeviceKnobs = {}) {
    this.kernel = kernel;
    this.dev = kernel.call("cxl_pci_create", knobs.payloadLog2 ?? 9);
    if (this.dev === 0) throw new Error("no memory for a device");
    this.hw = kernel.call("cxl_pci_hw", this.dev);
    this.set(knobs);
  }

  set(knobs: DeviceKnobs): void {
    const { view } = this.kernel;
    const at = (field: string) => this.hw + this.kernel.constant(`OFFSETOF_CXL_HW_${field}`);
    const u32 = (field: string, value: number | undefined) => {
      if (value !== undefined) view.setUint32(at(field), value, true);
    };
    if (knobs.serviceNs !== undefined) {
      this.kernel.call("cxl_hw_set_service_ns", this.hw, knobs.serviceNs);
    }
    if (knobs.status !== undefined) {
      view.setBigUint64(at("MEMDEV_STATUS"), BigInt(knobs.status), true);
    }
    if (knobs.stuck !== undefined) u32("STUCK", this.kernel.constant(STUCK[knobs.stuck]));
    u32("FAIL_CODE", knobs.failCode);
    u32("FAIL_OPCODE", knobs.failOpcode);
    u32("FORCE_LENGTH", knobs.forceLength);
    u32(
      "CEL",
      knobs.celIds?.reduce((bits, id) => bits | (1 << id), 0),
    );
    u32("CEL_VENDOR", knobs.celVendor);
    if (knobs.logs !== undefined) u32("LOGS", +knobs.logs.cel | (+knobs.logs.vendor << 1));
  }

  /** Binds the driver: 0, or a negative errno. */
  probe(): number {
    const result = this.kernel.call("cxl_mem_probe", this.dev);
    if (result < 0) return result;
    this.cxlm = result;
    return 0;
  }

  ioctl(cmd: number, arg: bigint): number {
    return this.kernel.call("__cxl_memdev_ioctl", this.cxlm, cmd, arg);
  }

  commands(): number {
    return this.kernel.view.getUint32(
      this.hw + this.kernel.constant("OFFSETOF_CXL_HW_COMMANDS"),
      true,
    );
  }

  /** A word of the driver context. */
  field(name: string): number {
    const at = this.cxlm + this.kernel.constant(`OFFSETOF_CXL_MEM_${name}`);
    return this.kernel.view.getUint32(at, true);
  }

  /** Unbinds the driver and unplugs the device. */
  remove(): void {
    this.kernel.call("cxl_pci_unbind", this.dev);
    this.kernel.call("put_device", this.dev);
  }
}
