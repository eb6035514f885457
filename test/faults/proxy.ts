/** A wire that misbehaves: TCP on loopback, so that it stands in front of TLS as well. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * - `pass`: bytes go through
 * - `refuse`: no connection is accepted
 * - `silent`: connections are accepted and stay open, and nothing goes through: half-open, as after a lost firewall state
 * - `garble`: bytes of answers are changed on the way
 */
export type Mode = "pass" | "refuse" | "silent" | "garble";

export interface Wire {
  port: number;
  /** Of connections now open and of those to come. */
  mode: Mode;
  /** Open connections. */
  connections(): number;
  /** Resets every open connection, in the middle of whatever it carries. */
  reset(): void;
  /** What is open now stays open and silent for ever; new connections follow `mode`. */
  strand(): void;
  close(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<Wire> {
  const pairs = new Set<{ inner: Socket; outer: Socket; stranded: boolean }>();
  const server = createServer((inner) => {
    if (proxy.mode === "refuse") return void inner.resetAndDestroy();
    const outer = connect(target.port, target.host);
    const pair = { inner, outer, stranded: false };
    pairs.add(pair);
    const silent = () => pair.stranded || proxy.mode === "silent";
    inner.on("data", (bytes) => silent() || outer.write(bytes));
    outer.on("data", (bytes) => {
      if (proxy.mode === "garble") bytes[bytes.length >> 1]! ^= 0xff;
      if (!silent()) inner.write(bytes);
    });
    for (const socket of [inner, outer]) {
      socket.on("error", () => {});
      socket.once("close", () => {
        if (socket === outer && silent()) return;
        pairs.delete(pair);
        inner.destroy();
        outer.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const proxy: Wire = {
    port: (server.address() as AddressInfo).port,
    mode: "pass",
    connections: () => pairs.size,
    reset() {
      for (const { inner, outer } of pairs) {
        inner.resetAndDestroy();
        outer.destroy();
      }
    },
    strand() {
      for (const pair of pairs) pair.stranded = true;
    },
    async close() {
      const closed = new Promise((done) => server.close(done));
      for (const { inner, outer } of pairs) {
        inner.destroy();
        outer.destroy();
      }
      await closed;
    },
  };
  return proxy;
}
