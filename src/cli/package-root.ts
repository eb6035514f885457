import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
// As a whole: Node 22, which runs everything but the stand-alone binary, has no getAssetKeys.
import * as sea from "node:sea";
import { fileURLToPath } from "node:url";

let unpacked: string | undefined;

/**
 * Folder of the repository, the image or the npm package: where examples/ is. Found upwards from this file, which a bundle may have moved. The
 * stand-alone binary carries them inside: they are written to a temporary folder, which is removed when the program ends.
 */
export function packageRoot(): string {
  if (!sea.isSea()) return rootOf(dirname(fileURLToPath(import.meta.url)));
  unpacked ??= unpack();
  return unpacked;
}

function rootOf(folder: string): string {
  if (existsSync(join(folder, "examples")) || dirname(folder) === folder) return folder;
  return rootOf(dirname(folder));
}

function unpack(): string {
  const folder = mkdtempSync(join(tmpdir(), "connect-sso-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const path of sea.getAssetKeys()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), sea.getAsset(path, "utf8"));
  }
  return folder;
}
