// SPDX-License-Identifier: GPL-2.0-only
/**
 * CXL memory devices as a program has them: plugged in, opened, used through ioctls, unplugged. Each
 * method is one system call on one CPU; an errno comes back as a result, never as an exception.
 */
import type { IoctlRequest } from "../abi/cxl.ts";
import { Errno } from "../abi/errno.ts";
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import { DEFAULT_GATE, driverId, OPEN_REVISION } from "./driver.ts";
import type { CallOptions, KernelValue } from "./options.ts";
import { resultOf, type SyscallResult } from "./syscall.ts";
import type { UserMemory } from "./user-memory.ts";

/** What a device needs of its machine. */
export interface Caller {
  readonly cpus: number;
  readonly kernel: KernelAbi;
  call(cpu: number, fn: string, ...args: readonly KernelValue[]): Promise<number>;
  invoke(cpu: number, fn: string, options?: CallOptions): Promise<number>;
}

/** What addDevice() makes. */
export interface DeviceOptions {
  /** A revision of the driver: one of machine.revisions(); default: "put_device". */
  readonly revision?: string;
  /** One of machine.gates(), for the revision "put_device" alone; default: "rwsem", as in the patch. */
  readonly gate?: string;
  /** Time that the device takes for a command, ns; default: 0. */
  readonly serviceNs?: number;
}

/** Where and how a system call is made. */
export interface SyscallOptions {
  /** The CPU that makes it. A CPU makes one call at a time; others wait for it. */
  readonly cpu?: number;
  /** Ends the machine with a StallError when the call takes longer; default: the machine's. */
  readonly deadlineMs?: number;
}

function checkServiceNs(serviceNs: number): bigint {
  if (Number.isSafeInteger(serviceNs) && serviceNs >= 0) return BigInt(serviceNs);
  throw new UsageError(`serviceNs: ${serviceNs} is not a number of nanoseconds`);
}

/** For Machine.addDevice(). */
export async function plugDevice(
  machine: Caller,
  user: UserMemory,
  options: DeviceOptions,
  syscall: SyscallOptions,
): Promise<SyscallResult<Device>> {
  const { revision = OPEN_REVISION, serviceNs = 0 } = options;
  const id = driverId(machine.kernel, revision, options.gate);
  const gate = revision === OPEN_REVISION ? (options.gate ?? DEFAULT_GATE) : null;
  const { cpu = 0, ...rest } = syscall;
  const args = [id, 0, checkServiceNs(serviceNs)];
  const handle = await machine.invoke(cpu, "cxl_probe", { args, gate: gate ?? revision, ...rest });
  if (handle < 0) return resultOf<Device>(handle, () => undefined as never);
  const minor = await machine.call(cpu, "sys_minor", handle);
  return { ok: true, value: new Device(machine, user, { revision, gate, handle, minor }) };
}

interface Plugged {
  readonly revision: string;
  readonly gate: string | null;
  readonly handle: number;
  readonly minor: number;
}

/** A device that was plugged in, with its driver bound to it. */
export class Device {
  readonly revision: string;
  /** Null for a revision that brings its own. */
  readonly gate: string | null;
  /** The number of its char device, as in /dev/cxl/mem0. Given out again once the device is gone. */
  readonly minor: number;
  readonly #machine: Caller;
  readonly #user: UserMemory;
  readonly #handle: number;
  #state: "present" | "leaving" | "removed" = "present";

  /** @internal */
  constructor(machine: Caller, user: UserMemory, { revision, gate, handle, minor }: Plugged) {
    this.#machine = machine;
    this.#user = user;
    this.#handle = handle;
    this.revision = revision;
    this.gate = gate;
    this.minor = minor;
  }

  /** Whether remove() has come to its end. */
  get removed(): boolean {
    return this.#state === "removed";
  }

  /**
   * Opens the device's node, on CPU 0 unless told otherwise. Errnos: ENXIO once the device is gone,
   * ENFILE, ENOMEM.
   */
  async open(options: SyscallOptions = {}): Promise<SyscallResult<OpenFile>> {
    // The node's number may be another device's by now.
    if (this.removed) return { ok: false, errno: Errno.ENXIO, code: "ENXIO" };
    const { cpu = 0 } = options;
    const fd = await this.#call("sys_open", [this.minor], { cpu, ...options });
    return resultOf(fd, () => new OpenFile(this.#machine, this.#user, this, cpu, fd));
  }

  /**
   * Unbinds the driver and unplugs the device, whoever uses it; on the machine's last CPU unless told
   * otherwise. It has returned when nobody is inside the driver any more, and none will be.
   * Errno: EBUSY, when another CPU binds or unbinds it.
   *
   * @throws UsageError when it was called before, and has not failed
   */
  async remove(options: SyscallOptions = {}): Promise<SyscallResult<void>> {
    if (this.#state !== "present") throw new UsageError(`remove: the device is ${this.#state}`);
    this.#state = "leaving";
    const cpu = this.#machine.cpus - 1;
    const rc = await this.#call("sys_remove", [this.#handle], { cpu, ...options });
    this.#state = rc < 0 ? "present" : "removed";
    return resultOf(rc, () => undefined);
  }

  /** Sets the time that the device takes for each later command. @throws UsageError when it is gone */
  async setServiceNs(serviceNs: number, options: SyscallOptions = {}): Promise<void> {
    if (this.#state !== "present")
      throw new UsageError(`setServiceNs: the device is ${this.#state}`);
    const ns = checkServiceNs(serviceNs);
    const hw = await this.#call("cxl_pci_hw", [this.#handle], options);
    await this.#call("cxl_hw_set_service_ns", [hw, ns], options);
  }

  #call(
    fn: string,
    args: readonly (number | bigint)[],
    { cpu = 0, ...rest }: SyscallOptions,
  ): Promise<number> {
    return this.#machine.invoke(cpu, fn, { args, gate: this.gate ?? this.revision, ...rest });
  }
}

/** An open file of a device. It stays open, and its ioctls fail with ENXIO, when the device goes. */
export class OpenFile {
  readonly device: Device;
  /** The CPU that opened it, and that makes its calls unless told otherwise. */
  readonly cpu: number;
  readonly fd: number;
  readonly #machine: Caller;
  readonly #user: UserMemory;
  #closed = false;

  /** @internal */
  constructor(machine: Caller, user: UserMemory, device: Device, cpu: number, fd: number) {
    this.#machine = machine;
    this.#user = user;
    this.device = device;
    this.cpu = cpu;
    this.fd = fd;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Does an ioctl: query(), queryCount() and send() make requests. Errnos: ENXIO once the device is
   * gone, and those of the command.
   *
   * @throws UsageError when the file is closed, or the request needs more user memory than a CPU has
   */
  async ioctl<Reply>(
    request: IoctlRequest<Reply>,
    options: SyscallOptions = {},
  ): Promise<SyscallResult<Reply>> {
    this.#mustBeOpen("ioctl");
    const { cpu = this.cpu } = options;
    return this.#user.borrow(cpu, request.bytes, async (memory, address) => {
      this.#mustBeOpen("ioctl");
      request.encode(memory, address);
      const args = [this.fd, request.cmd, BigInt(address)];
      const rc = await this.#call("sys_ioctl", args, { ...options, cpu });
      return resultOf(rc, () => request.decode(memory));
    });
  }

  /** Closes the file. @throws UsageError when it is closed */
  async close(options: SyscallOptions = {}): Promise<SyscallResult<void>> {
    this.#mustBeOpen("close");
    this.#closed = true; // at once: the number may be another file's as soon as the kernel has let go
    return resultOf(await this.#call("sys_close", [this.fd], options), () => undefined);
  }

  #mustBeOpen(what: string): void {
    if (this.#closed) throw new UsageError(`${what}: the file is closed`);
  }

  #call(
    fn: string,
    args: readonly (number | bigint)[],
    { cpu = this.cpu, ...rest }: SyscallOptions,
  ): Promise<number> {
    const { gate, revision } = this.device;
    return this.#machine.invoke(cpu, fn, { args, gate: gate ?? revision, ...rest });
  }
}
