/** Durations as Go and Kubernetes write them ("8h", "1h30m", "26280h", "1.5h", "90s"): one form in specs, settings and messages. */

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** In seconds; undefined for what is not a duration, negative ones included. "0" needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d*)?(h|ms|m|us|µs|ns|s))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?)(h|ms|m|us|µs|ns|s)/g)];
  const seconds = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit!]!, 0);
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** As `parseDuration`; throws RangeError. For values that a schema has checked. */
export function durationSeconds(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new RangeError(`not a duration: ${text}`);
  return seconds;
}

/** ISO 8601 as .NET writes it ("P365D", "P4DT12H"), a year being 365 days and a month 30. In seconds; undefined for anything else. */
export function parseIsoDuration(text: string): number | undefined {
  const found = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!found || /[PT]$/.test(text)) return undefined;
  const units = [365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1];
  return units.reduce((sum, unit, index) => sum + unit * Number(found[index + 1] ?? 0), 0);
}

/** A time as ISO 8601 with whole seconds: Kubernetes objects have no others. */
export function isoSeconds(at: Date | number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Hours, minutes and seconds, each only where it is not zero: "1h30m", "26280h", "45s", "0s". Rounded to whole seconds. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor((whole % 3600) / 60), "m"],
    [whole % 60, "s"],
  ];
  return (
    parts
      .filter(([amount]) => amount > 0)
      .map(([amount, unit]) => `${amount}${unit}`)
      .join("") || "0s"
  );
}
