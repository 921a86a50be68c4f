// SPDX-License-Identifier: GPL-2.0-only
/** Figures as people read them: three significant digits and a unit, in ASCII. */
import { formatCount } from "../result/counts.ts";

/** @returns three significant digits, without exponent: 0.00688, 0.810, 1.20, 88.2, 177, 1230 */
export function formatNumber(x: number): string {
  if (!Number.isFinite(x)) return "?";
  const rounded = Number(x.toPrecision(3));
  const size = Math.abs(rounded);
  if (size === 0) return "0";
  if (size >= 1000) return rounded.toFixed(0);
  // 1e-6 and below would be written with an exponent, and is nothing here.
  return size < 1e-5 ? "0" : rounded.toPrecision(3);
}

/** For a column of ns/pair: as formatNumber, but below 1 with three decimals, which line up. */
export function formatPairTime(ns: number): string {
  return Math.abs(ns) < 0.9995 ? ns.toFixed(3).replace(/^-(0\.000)$/, "$1") : formatNumber(ns);
}

/** @param ns - a duration */
export function formatNs(ns: number): string {
  const size = Math.abs(ns);
  if (size < 999.5) return `${formatNumber(ns)} ns`;
  if (size < 999.5e3) return `${formatNumber(ns / 1e3)} us`;
  if (size < 999.5e6) return `${formatNumber(ns / 1e6)} ms`;
  return `${formatNumber(ns / 1e9)} s`;
}

/** @returns "96 B", "1.50 KiB", "64 MiB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "KiB"] : [bytes / 1024 ** 2, "MiB"];
  return `${Number.isInteger(size) ? size : formatNumber(size)} ${unit}`;
}

/** @returns "+0.5 %", "-12 %", "0 %": for a change */
export function formatChangePct(pct: number): string {
  const rounded = Math.abs(pct) < 9.95 ? Math.round(pct * 10) / 10 : Math.round(pct);
  if (rounded === 0) return "0 %";
  return `${rounded > 0 ? "+" : ""}${rounded} %`;
}

/** @returns "9" where all are, else "7 to 9" */
export function formatRange(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`;
}

/** @param iso - ISO 8601, UTC. @returns "2026-01-02 03:04 UTC" */
export function formatDate(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

/** @param perSecond - a rate. @returns "25.8 M", "12.3 k", "711" */
export function formatRate(perSecond: number): string {
  if (perSecond < 999.5) return formatNumber(perSecond);
  if (perSecond < 999.5e3) return `${formatNumber(perSecond / 1e3)} k`;
  return `${formatNumber(perSecond / 1e6)} M`;
}
