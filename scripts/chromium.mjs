// A Chromium for tests and screenshots: the one of the machine, else Debian's package, where this may install it. Says so where it may not.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of the program, or undefined. CHROMIUM names another one. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [...folders, "/usr/bin"].flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Sandboxing of its own is not available to root, in containers above all. */
export const chromiumArguments = () => (process.getuid?.() === 0 ? ["--no-sandbox"] : []);

function install() {
  if (process.getuid?.() !== 0 || !isProgram("/usr/bin/apt-get")) return false;
  const packages = ["chromium", "fonts-dejavu-core"];
  const run = (...args) => spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  return run("update", "-q") && run("install", "-y", "-q", "--no-install-recommends", ...packages);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!findChromium()) install();
  const found = findChromium();
  console.log(
    found ??
      "There is no Chromium, and this may not install one: the page is not tested in a browser. Install it, or name one with CHROMIUM=path.",
  );
}
