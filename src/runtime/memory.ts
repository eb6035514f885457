/** Gives memory back after a burst: a first list leaves several times what is kept of it, and V8 holds on to that until it needs it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Some 50 ms for ten thousand objects: for the rare moment after which nothing happens for a while. */
export function giveBack(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as (options: object) => void;
    // The sort that also moves what is left together and gives the pages back.
    collect = () => gc({ type: "major", flavor: "last-resort" });
  }
  collect();
}
