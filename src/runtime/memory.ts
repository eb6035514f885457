/** Gives memory back after a burst: a first list leaves several times what is kept of it, and V8 holds on to that until it needs it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: object) => void;
let collect: Collect | undefined;

function collector(): Collect {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
  }
  return collect;
}

/** What is garbage now makes room for what comes next. Some 30 ms for ten thousand objects. */
export function makeRoom(): void {
  collector()({ type: "major" });
}

/** To the system, too: what is left is moved together. Some 100 ms for ten thousand objects: for when nobody waits. */
export function giveBack(): void {
  collector()({ type: "major", flavor: "last-resort" });
}
