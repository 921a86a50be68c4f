// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lists of waiters: doubly linked, first come first.
 *
 * Source:  include/linux/list.h (v6.12) for the names. Differs: not circular; both ends are 0, so that
 *          a root of zeroes is an empty list, as static memory is at boot.
 *
 * State:   root {first, last}; a node {next, prev} stands at offset 0 of what it links.
 *
 * All accesses are plain: a list belongs to a lock, and every function here needs that lock held.
 */

@unmanaged
@final
class list_node {
  next: u32;
  prev: u32;
}

@unmanaged
@final
class list_root {
  first: u32;
  last: u32;
}

function node_at(p: usize): list_node {
  return changetype<list_node>(p);
}

function root_at(p: usize): list_root {
  return changetype<list_root>(p);
}

/** First node, or 0. Context: the list's lock is held. Ordering: none. */
export function list_first(root: usize): usize {
  return root_at(root).first;
}

/** Node behind `node`, or 0. Context: the list's lock is held. Ordering: none. */
export function list_next(node: usize): usize {
  return node_at(node).next;
}

export function list_empty(root: usize): bool {
  return root_at(root).first === 0;
}

export function list_is_singular(root: usize): bool {
  return root_at(root).first !== 0 && root_at(root).first === root_at(root).last;
}

/** Puts `node` first. Context: the list's lock is held. Ordering: none. */
export function list_add(node: usize, root: usize): void {
  const r = root_at(root);
  const n = node_at(node);
  n.next = r.first;
  n.prev = 0;
  if (r.first !== 0) node_at(r.first).prev = <u32>node;
  else r.last = <u32>node;
  r.first = <u32>node;
}

/** Puts `node` last. Context: the list's lock is held. Ordering: none. */
export function list_add_tail(node: usize, root: usize): void {
  const r = root_at(root);
  const n = node_at(node);
  n.next = 0;
  n.prev = r.last;
  if (r.last !== 0) node_at(r.last).next = <u32>node;
  else r.first = <u32>node;
  r.last = <u32>node;
}

/** Unlinks `node`; its own links stay. Context: the list's lock is held. Ordering: none. */
export function list_del(node: usize, root: usize): void {
  const r = root_at(root);
  const n = node_at(node);
  if (n.prev !== 0) node_at(n.prev).next = n.next;
  else r.first = n.next;
  if (n.next !== 0) node_at(n.next).prev = n.prev;
  else r.last = n.prev;
}
