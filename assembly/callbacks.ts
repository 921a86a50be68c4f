// SPDX-License-Identifier: GPL-2.0-only
/**
 * The vector table: what a function pointer is in the kernel is an id here, and a case of a switch. A
 * function reference would be static data, which every CPU's instantiation would copy in again.
 *
 * This is the one file that imports upwards: a table a kind of callback, a line a callback. An id is
 * defined beside the function that it names; those of workloads and tests begin at 0x100, and a test
 * compares the ids of each table. Order: by the layer that calls, lowest first.
 */
import { panic } from "./arch/wasm/bug";
import { device } from "./drivers/base/core";
import { cxl_mem_devm_free, DEVM_CXL_MEM_FREE } from "./drivers/cxl/mem";
import { cxl_endpoint_teardown, DEVM_CXL_ENDPOINT } from "./drivers/cxl/memdev/endpoint";
import { PERCPU_REF_RELEASE_CXL_MEMDEV } from "./drivers/cxl/memdev/percpu_ref";
import { MEMDEV_UNREGISTER } from "./drivers/cxl/memdev/revision";
import {
  memdev_open,
  memdev_ref_release,
  memdev_release,
  memdev_release_file,
  memdev_unregister,
} from "./drivers/cxl/memdev/table";
import { cxl_pci_release, DEVICE_TYPE_CXL_PCI } from "./drivers/cxl/pci";
import { file_free_rcu, RCU_FILE_FREE } from "./fs/file_table";
import { PERCPU_REF_RELEASE_GATE, percpu_ref_gate_release } from "./gates/percpu_ref";
import { RCU_SYNC_FUNC, rcu_sync_func } from "./kernel/rcu/sync";
import {
  PERCPU_REF_NOOP_CONFIRM,
  percpu_ref,
  percpu_ref_switch_to_atomic_rcu,
  RCU_PERCPU_REF_SWITCH,
} from "./lib/percpu-refcount";
import {
  PERCPU_REF_CONFIRM_TORTURE,
  PERCPU_REF_RELEASE_TORTURE,
  percpu_ref_torture_confirm,
  percpu_ref_torture_release,
} from "./workload/percpu_ref_torture";
import {
  RCU_TEST_HOLD,
  RCU_TEST_NOTE,
  RCU_TEST_SLEEP,
  rcu_test_hold,
  rcu_test_note,
  rcu_test_sleep,
} from "./workload/rcutest";
import { RCU_TORTURE_CB, rcu_torture_cb } from "./workload/rcutorture";
import {
  check_percpu_ref_confirm,
  check_percpu_ref_release,
  PERCPU_REF_CONFIRM_CHECK,
  PERCPU_REF_RELEASE_CHECK,
} from "./workload/scenarios/percpu_ref";
import { check_qsbr_free, RCU_CHECK_FREE } from "./workload/scenarios/qsbr";

/** (id, object) No such callback. One code a table. */
export const BUG_CALLBACK_UNKNOWN_RCU: u32 = 240;
export const BUG_CALLBACK_UNKNOWN_PERCPU_REF_RELEASE: u32 = 241;
export const BUG_CALLBACK_UNKNOWN_PERCPU_REF_CONFIRM: u32 = 242;
export const BUG_CALLBACK_UNKNOWN_DEVM_ACTION: u32 = 243;

/** kernel/rcu: a grace period after call_rcu(head, func). Context: RCU callback; never sleeps. */
export function rcu_invoke(func: u32, head: usize): void {
  switch (func) {
    case RCU_PERCPU_REF_SWITCH:
      percpu_ref_switch_to_atomic_rcu(head);
      return;
    case RCU_SYNC_FUNC:
      rcu_sync_func(head);
      return;
    case RCU_FILE_FREE:
      file_free_rcu(head);
      return;
    case RCU_TORTURE_CB:
      rcu_torture_cb(head);
      return;
    case RCU_TEST_NOTE:
      rcu_test_note(head);
      return;
    case RCU_TEST_SLEEP:
      rcu_test_sleep(head);
      return;
    case RCU_TEST_HOLD:
      rcu_test_hold(head);
      return;
    case RCU_CHECK_FREE:
      check_qsbr_free(head);
      return;
    default:
      panic(BUG_CALLBACK_UNKNOWN_RCU, func, <u32>head);
  }
}

/** lib/percpu-refcount: the last reference is gone. Context: any, atomic; never sleeps. */
export function percpu_ref_release(id: u32, ref: usize): void {
  switch (id) {
    case PERCPU_REF_RELEASE_GATE:
      percpu_ref_gate_release(changetype<percpu_ref>(ref));
      return;
    case PERCPU_REF_RELEASE_CXL_MEMDEV:
      memdev_ref_release(ref);
      return;
    case PERCPU_REF_RELEASE_TORTURE:
      percpu_ref_torture_release(changetype<percpu_ref>(ref));
      return;
    case PERCPU_REF_RELEASE_CHECK:
      check_percpu_ref_release(changetype<percpu_ref>(ref));
      return;
    default:
      panic(BUG_CALLBACK_UNKNOWN_PERCPU_REF_RELEASE, id, <u32>ref);
  }
}

/** lib/percpu-refcount: the ref is in atomic mode on every CPU. Context: any, atomic; never sleeps. */
export function percpu_ref_confirm(id: u32, ref: usize): void {
  switch (id) {
    case PERCPU_REF_NOOP_CONFIRM:
      return;
    case PERCPU_REF_CONFIRM_TORTURE:
      percpu_ref_torture_confirm(changetype<percpu_ref>(ref));
      return;
    case PERCPU_REF_CONFIRM_CHECK:
      check_percpu_ref_confirm(changetype<percpu_ref>(ref));
      return;
    default:
      panic(BUG_CALLBACK_UNKNOWN_PERCPU_REF_CONFIRM, id, <u32>ref);
  }
}

/** drivers/base: the last put_device(). Frees what the device is embedded in. Context: may sleep. */
export function device_release(dev: usize): void {
  const type = changetype<device>(dev).type; // plain: the last reference is the caller's
  if (type === DEVICE_TYPE_CXL_PCI) cxl_pci_release(dev);
  else memdev_release(dev);
}

/** drivers/base: a managed resource is released. Context: may sleep. */
export function devm_action(action: u32, data: usize): void {
  if (action >>> 16 === MEMDEV_UNREGISTER >>> 16) {
    memdev_unregister(action & 0xffff, data);
    return;
  }
  switch (action) {
    case DEVM_CXL_MEM_FREE:
      cxl_mem_devm_free(data);
      return;
    case DEVM_CXL_ENDPOINT:
      cxl_endpoint_teardown(data);
      return;
    default:
      panic(BUG_CALLBACK_UNKNOWN_DEVM_ACTION, action, <u32>data);
  }
}

/** fs: ->open() of the driver `ops`. Context: may sleep. */
export function fops_open(ops: u32, filp: usize): i32 {
  return memdev_open(ops, filp);
}

/** fs: ->release() of the driver `ops`, on the last close. Context: may sleep. */
export function fops_release(ops: u32, filp: usize): void {
  memdev_release_file(ops, filp);
}
