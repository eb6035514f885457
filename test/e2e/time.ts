/**
 * Time of the tests over real HTTP: whoever waits waits for nothing. While no request is under way the clock jumps to the next timer, so
 * that polls, back-off and replication take hardly longer than the work in them.
 */
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { seededRandom } from "../../src/sandbox/host.ts";
import { real, Simulation } from "../property/time.ts";

/** A jump takes a part of what it skips: what is no request, such as loading a module or making a key, must not be overtaken by hours. */
const SPEED = 50;
/** A request that nothing moves on for so long waits for a timer of its server. Milliseconds of real time. */
const STUCK_MS = 200;

let underWay = 0;
let movedAt = 0;
async function request<T>(work: () => Promise<T>): Promise<T> {
  underWay++;
  movedAt = real.now();
  try {
    return await work();
  } finally {
    underWay--;
    movedAt = real.now();
  }
}

const { handle } = NodeHttpHandler.prototype;
NodeHttpHandler.prototype.handle = function (...args) {
  return request(() => handle.apply(this, args));
};
const { fetch } = globalThis;
globalThis.fetch = (...args) => request(() => fetch(...args));

class FlowingTime extends Simulation {
  #ended = false;
  #endPause = () => {};

  override start(): void {
    super.start();
    void this.#flow();
  }

  override end(): void {
    this.#ended = true;
    this.#endPause();
    super.end();
  }

  /** Ends early with the test: the next timer may be hours away, and would keep the process. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = real.setTimeout(resolve, ms);
      this.#endPause = () => {
        real.clearTimeout(timer);
        resolve();
      };
    });
  }

  async #flow(): Promise<void> {
    while (!this.#ended) {
      await this.idle();
      // Without a timer nothing is waited for: the next one comes with the next thing that the test does.
      await this.#pause((this.untilNext() ?? SPEED) / SPEED);
      if (!this.#ended) this.jump(Number.POSITIVE_INFINITY);
    }
  }

  protected override async idle(): Promise<void> {
    do await super.idle();
    while (underWay > 0 && real.now() - movedAt < STUCK_MS && !this.#ended);
    movedAt = real.now();
  }
}

/** Time flows from now on until the returned function is called; for everything in this test file. */
export function letTimeFlow(): () => void {
  const time = new FlowingTime(seededRandom(1));
  time.start();
  return () => time.end();
}
