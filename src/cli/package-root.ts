import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the repository or the image: where examples/ stands. Found upwards from this file, which a bundle may have moved. */
export const ROOT = rootOf(dirname(fileURLToPath(import.meta.url)));

function rootOf(folder: string): string {
  if (existsSync(join(folder, "examples")) || dirname(folder) === folder) return folder;
  return rootOf(dirname(folder));
}
