/**
 * Time of the tests over real HTTP: whoever waits waits for nothing. While no request is under way the clock jumps to the next timer, so
 * that polls, back-off and replication take as long as the work in them.
 */
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { seededRandom } from "../../src/sandbox/host.ts";
import { Simulation } from "../property/time.ts";

const real = { setImmediate, setTimeout, now: performance.now.bind(performance) };
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

  override start(): void {
    super.start();
    void this.#flow();
  }

  override end(): void {
    this.#ended = true;
    super.end();
  }

  async #flow(): Promise<void> {
    while (!this.#ended) {
      await this.idle();
      // Nothing is waited for: the next timer comes with the next thing that the test does.
      if (!this.#ended && !this.jump(Number.POSITIVE_INFINITY)) await new Promise((done) => real.setTimeout(done, 1));
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
