/**
 * Loaded into the program before anything else (`node --import`): tells of its memory, moves its wall clock, and takes its DNS away. Of the
 * program's own code nothing is touched: these are the machine's ways, done from inside.
 */
import dns from "node:dns";

let clockErrorMs = 0;
let unresolvable = false;

const RealDate = Date;
const now = () => RealDate.now() + clockErrorMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, of) =>
    args.length > 0 ? Reflect.construct(target, args, of) : Reflect.construct(target, [now()], of),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

const lookup = dns.lookup;
dns.lookup = (name, ...rest) => {
  if (!unresolvable) return lookup(name, ...rest);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND", hostname: name });
  process.nextTick(rest.at(-1), error);
};

const answers = {
  /** What is left once everything that can be collected was, in bytes. */
  memory() {
    // The second one takes what the finalizers of the first have let go.
    for (let round = 0; round < 3; round++) globalThis.gc();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    return { heapUsed, external, arrayBuffers, rss };
  },
  /** Where it serves its metrics. */
  port: () =>
    process
      ._getActiveHandles()
      .find(({ listening }) => listening)
      ?.address().port,
  clock(ms) {
    clockErrorMs = ms;
  },
  resolver(works) {
    unresolvable = !works;
  },
};

process.on("message", ({ id, ask, value }) => process.send({ id, answer: answers[ask](value) }));
process.channel.unref();
