// SPDX-License-Identifier: GPL-2.0-only
/** One CPU on the main thread: enough for fast paths, which never wait for anybody. */
import { kernelImage } from "../host/machine/image.ts";
import { layOut, writeBootInfo } from "../host/machine/memory-map.ts";
import { wasiImports } from "../host/machine/wasi.ts";

type Export = (...args: number[]) => number;

export interface LocalKernel {
  readonly call: (name: string, ...args: number[]) => number;
  readonly constant: (name: string) => number;
  readonly memory: WebAssembly.Memory;
  /** Names of the exported functions. */
  readonly functions: ReadonlySet<string>;
}

export interface FastPath {
  readonly name: string;
  /** The export that runs it. */
  readonly fn: string;
  /** Address of the object that it works on. */
  readonly object: number;
  readonly run: (n: number) => void;
}

/** Boots CPU 0 in this thread. Nothing called on it may sleep. */
export function openKernel(): LocalKernel {
  const image = kernelImage("default");
  const map = layOut(image.abi, { cpus: 1 });
  const { pages } = map;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  writeBootInfo(memory, image.abi, map, {
    seed: 1,
    idlePoll: 0,
    spinLimit: 1000,
    rcuStallTimeoutNs: 10_000_000_000n,
    rwsemWaitTimeoutNs: 4_000_000n,
    kasanQuarantineBytes: 0,
  });
  const { exports } = new WebAssembly.Instance(image.module, wasiImports(memory));
  const call = (name: string, ...args: number[]) => (exports[name] as Export)(...args);
  const status = call("kernel_boot") || call("cpu_up", 0);
  if (status !== 0) throw new Error(`the kernel does not boot: ${status}`);
  call("cpu_enter");
  const { abi } = image;
  return { call, constant: (name) => abi.constant(name), memory, functions: abi.functions };
}

const OBJECT_BYTES = 128;

/** An object for each fast path, initialised by the kernel's own `*_init`. */
export function fastPaths({ call, constant }: LocalKernel): FastPath[] {
  const path = (name: string, fn: string, init?: string, ...args: number[]): FastPath => {
    const object = call("kzalloc", OBJECT_BYTES, constant("SLAB_MISC"));
    if (init) call(init, object, ...args);
    return { name, fn, object, run: (n) => call(fn, object, n) };
  };
  return [
    path("empty loop", "fastpath_empty"),
    path("down_read + up_read", "fastpath_rwsem_read", "init_rwsem"),
    path("down_write + up_write", "fastpath_rwsem_write", "init_rwsem"),
    path("mutex_lock + mutex_unlock", "fastpath_mutex", "mutex_init"),
    path("raw_spin_lock + raw_spin_unlock", "fastpath_spinlock"),
    path("percpu_ref_tryget_live + put", "fastpath_percpu_ref", "percpu_ref_init", 0, 0),
    path("refcount_inc_not_zero + dec", "fastpath_refcount", "refcount_set", 1),
    path("kref_get + kref_put", "fastpath_kref", "kref_init"),
    path("complete + try_wait", "fastpath_completion", "init_completion"),
    path("rcu_qs", "fastpath_rcu_qs"),
    path("rcu_cpu_offline + online", "fastpath_rcu_offline_online"),
    path("kmalloc + kfree, 64 bytes", "fastpath_kmalloc"),
    path("prandom_u32", "fastpath_random"),
  ];
}
