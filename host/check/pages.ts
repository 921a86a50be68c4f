// SPDX-License-Identifier: GPL-2.0-only

/** Words of a page of memory, on most machines. */
const PAGE_WORDS = 1024;

/**
 * Writes a 0 to each page between two words of memory that is new, before any is read. A page that is read
 * first is the kernel's page of zeros, which all have in common; to write to it then takes a second fault,
 * and an interrupt of every other CPU that this process runs on.
 */
export function touchPages(words: Int32Array, from = 0, to: number = words.length): void {
  for (let at = from; at < to; at += PAGE_WORDS) words[at] = 0;
}
