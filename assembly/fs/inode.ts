// SPDX-License-Identifier: GPL-2.0-only
/**
 * Inodes of device nodes, as mknod makes them: they outlive the device, and wait for the next one of
 * their number.
 *
 * Source:  fs/inode.c, init_special_inode(); include/linux/fs.h (v6.12).
 *
 * State:   inode_hashtable[minor mod 64], lists that only grow while the machine runs.
 *          i_count (refcount_t): 1 for the node itself, 1 for each open file.
 *
 * Rules:   I1  There is one inode for a device number: whoever comes second uses the first one's.
 *          I2  An inode stays while a file has it open. evict_inodes() frees the others, and only then.
 *
 * Ordering: O1  An inode is filled in before the release store that links it; pairs with the acquire
 *               loads of who walks the list.
 * Cost:    a lookup takes no lock.
 * Not modelled: paths, dentries, permissions, devtmpfs, which would unlink the node with the device.
 */
import { READ_ONCE, smp_load_acquire, smp_store_release } from "../arch/wasm/atomic";
import { FILE_TABLE, INODE_HASHTABLE } from "../arch/wasm/memory";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { refcount_dec_and_test, refcount_inc, refcount_read, refcount_set } from "../lib/refcount";
import { kfree, kzalloc, SLAB_INODE } from "../mm/slab";
import { cd_forget, MINOR } from "./char_dev";

const INODE_HASH_SIZE: u32 = 64;
const INODE_HASH_LOCK: usize = FILE_TABLE;

@unmanaged
@final
export class inode {
  i_count: u32;
  /** Device number. */
  i_rdev: u32;
  /** The cdev that the last open found, 0 for none; under cdev_lock. See char_dev.ts. */
  i_cdev: usize;
  /** Next inode that caches the same cdev; under cdev_lock. */
  i_devices: usize;
  i_hash: usize;
}

export const OFFSETOF_INODE_I_COUNT: u32 = offsetof<inode>("i_count");
export const OFFSETOF_INODE_I_RDEV: u32 = offsetof<inode>("i_rdev");
export const OFFSETOF_INODE_I_CDEV: u32 = offsetof<inode>("i_cdev");

function bucket_of(rdev: u32): usize {
  return INODE_HASHTABLE + ((<usize>(MINOR(rdev) % INODE_HASH_SIZE)) << 2);
}

function i_count(inode: usize): usize {
  return inode + offsetof<inode>("i_count");
}

/** Walks a bucket. Ordering: acquire (O1). */
function find_inode(bucket: usize, rdev: u32): usize {
  let at = <usize>smp_load_acquire(bucket);
  while (at !== 0 && changetype<inode>(at).i_rdev !== rdev) {
    at = <usize>READ_ONCE(at + offsetof<inode>("i_hash"));
  }
  return at;
}

/** Links a new inode, unless another CPU was first (I1): the one that is linked. */
function insert_inode(bucket: usize, new_: usize, rdev: u32): usize {
  raw_spin_lock(INODE_HASH_LOCK);
  const first = find_inode(bucket, rdev);
  if (first === 0) {
    changetype<inode>(new_).i_hash = <usize>READ_ONCE(bucket); // plain: not linked yet
    smp_store_release(bucket, <u32>new_);
  }
  raw_spin_unlock(INODE_HASH_LOCK);
  if (first === 0) return new_;
  kfree(new_);
  return first;
}

/**
 * The inode of device number `rdev`, made if there is none.
 *
 * @returns the inode, or 0 when memory is out
 * Context: may sleep in the kernel. Ordering: acquire (O1).
 */
export function inode_of_rdev(rdev: u32): usize {
  const bucket = bucket_of(rdev);
  const found = find_inode(bucket, rdev);
  if (found !== 0) return found;
  const new_ = kzalloc(offsetof<inode>(), SLAB_INODE);
  if (new_ === 0) return 0;
  refcount_set(i_count(new_), 1);
  changetype<inode>(new_).i_rdev = rdev; // plain: not linked yet (O1)
  return insert_inode(bucket, new_, rdev);
}

/** Takes a reference for an open file. Context: any; never sleeps. Ordering: none. */
export function ihold(inode: usize): void {
  refcount_inc(i_count(inode));
}

/** Drops a file's reference. The node keeps its own. Context: any. Ordering: release. */
export function iput(inode: usize): void {
  refcount_dec_and_test(i_count(inode));
}

/** Frees the inodes of one bucket that no file has open (I2); those left are linked again. */
function evict_bucket(bucket: usize): i32 {
  let busy: i32 = 0;
  let keep: usize = 0;
  let at = <usize>READ_ONCE(bucket);
  while (at !== 0) {
    const i = changetype<inode>(at); // plain: nobody opens, see evict_inodes()
    const next = i.i_hash;
    if (refcount_read(i_count(at)) === 1) {
      cd_forget(at);
      kfree(at);
    } else {
      i.i_hash = keep;
      keep = at;
      busy++;
    }
    at = next;
  }
  smp_store_release(bucket, <u32>keep);
  return busy;
}

/**
 * Unlinks and frees every node that no file has open, so that what is left of SLAB_INODE is leaked.
 *
 * @returns the number of inodes that are still open
 * Context: nobody opens a file meanwhile; for the end of a run. Ordering: none.
 */
export function evict_inodes(): i32 {
  let busy: i32 = 0;
  for (let i: u32 = 0; i < INODE_HASH_SIZE; i++) {
    busy += evict_bucket(INODE_HASHTABLE + ((<usize>i) << 2));
  }
  return busy;
}
