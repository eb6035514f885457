/**
 * Files that a command writes: whole or not at all. The text goes to a new file beside the old one and takes its name once the disk has
 * it, so that a full disk, a quota or a kill leaves what was there before.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

interface FileToSave {
  path: string;
  text: string | Buffer;
  /** A new file is for its owner alone, because it names people. */
  private?: boolean;
}

/** All files or none, folders made as needed. Throws one line that names the file and says why. */
export function saveFiles(files: FileToSave[]): void {
  const staged: { from: string; to: string }[] = [];
  try {
    for (const file of files) attempt(file.path, () => stage(file, staged));
    for (const { from, to } of staged) attempt(to, () => renameSync(from, to));
  } catch (error) {
    for (const { from } of staged) rmSync(from, { force: true });
    throw error;
  }
}

function stage({ path, text, private: own }: FileToSave, staged: { from: string; to: string }[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const stats = statSync(path, { throwIfNoEntry: false });
  // A pipe or a device, such as /dev/stdout: nothing can take its place.
  if (stats && !stats.isFile()) {
    writeFileSync(path, text);
    return;
  }
  // Through a link, so that it stays one.
  const to = stats ? realpathSync(path) : path;
  // Of an unpredictable name, and never through a link that someone put there.
  const from = `${to}.${randomBytes(6).toString("hex")}.new`;
  const file = openSync(from, "wx", stats ? stats.mode & 0o777 : own ? 0o600 : 0o666);
  staged.push({ from, to });
  try {
    writeFileSync(file, text);
    // Some file systems say only now that there is no room.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const WHY: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it is larger than files may be here",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "something in its path is no folder",
};

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`${path} was not written: ${WHY[code] ? `${WHY[code]} (${code})` : message}`, { cause: error });
  }
}
