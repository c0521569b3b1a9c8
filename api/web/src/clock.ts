/** The plant's clock, which is that of the newest answer: a browser's may be wrong. */

import { language, t } from "./texts";

/** English as most plants write it: the day before the month, and 24 hours. */
const LOCALE = language === "en" ? "en-GB" : language;

let newest = "";

/** Take note of the time that an answer is of. */
export function heard(asOf: string): void {
  if (asOf > newest) newest = asOf;
}

export function now(): string {
  return newest || new Date().toISOString();
}

/** How long ago something was, in at most two units: `2 h 14 min`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return t("time.s", { n: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return t("time.min", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("time.h", { n: hours, m: minutes % 60 });
  return t("time.d", { n: Math.floor(hours / 24), h: hours % 24 });
}

export function since(time: string, until = now()): string {
  const seconds = (Date.parse(until) - Date.parse(time)) / 1000;
  return Number.isNaN(seconds) ? "" : span(seconds);
}

/** A moment for people, in the plant's zone. */
export function moment(time: string, zone: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return new Intl.DateTimeFormat(LOCALE, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: zone,
  }).format(date);
}

/** By how many days something is late at a time: a date is over when its last day is. */
export function daysLate(due: string, zone: string, at = now()): number {
  const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone });
  const today = day.format(new Date(at));
  const last = due.length > 10 ? day.format(new Date(due)) : due;
  const late = (Date.parse(today) - Date.parse(last)) / 86_400_000;
  return Number.isNaN(late) ? 0 : Math.max(0, Math.round(late));
}
