// SPDX-License-Identifier: GPL-2.0-only
/**
 * Text to standard output, for the WASI command. The module has no strings: text is u64s of up to eight
 * characters, the first in the low byte, each written out beside its number.
 *
 * State:   at CONSOLE: u32 length · iovec {u32 ptr, u32 len} · u32 nwritten · CONSOLE_BYTES of text.
 *
 * Context: one thread; never before it is a CPU. A line that is too long loses its end.
 */
import { CONSOLE } from "../arch/wasm/memory";
import { fd_write } from "../arch/wasm/wasi";

const CONSOLE_BYTES: u32 = 208;
const STDOUT: i32 = 1;
const IOVEC: usize = CONSOLE + 4;
const NWRITTEN: usize = CONSOLE + 12;
const TEXT: usize = CONSOLE + 16;

function put_char(c: u32): void {
  const length = load<u32>(CONSOLE); // plain, here and below: one thread prints
  if (length === CONSOLE_BYTES) return;
  store<u8>(TEXT + <usize>length, <u8>c);
  store<u32>(CONSOLE, length + 1);
}

function put_word(text: u64): void {
  for (let left = text; left !== 0; left >>= 8) put_char(<u32>left & 0xff);
}

/** Adds the characters of a, b and c to the line. */
export function put_text(a: u64, b: u64 = 0, c: u64 = 0): void {
  put_word(a);
  put_word(b);
  put_word(c);
}

/** Adds `n` in decimal. */
export function put_number(n: u64): void {
  let unit: u64 = 1;
  while (n / unit >= 10) unit *= 10;
  for (; unit !== 0; unit /= 10) put_char(0x30 + <u32>((n / unit) % 10));
}

/** Ends the line and writes it. */
export function put_line(): void {
  put_char(0x0a);
  store<u32>(IOVEC, <u32>TEXT);
  store<u32>(IOVEC, load<u32>(CONSOLE), 4);
  fd_write(STDOUT, IOVEC, 1, NWRITTEN);
  store<u32>(CONSOLE, 0);
}
