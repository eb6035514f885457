import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { type Endpoint, serve } from "../../src/runtime/probes.ts";

let endpoint: Endpoint | undefined;
afterEach(() => endpoint?.close());

const get = (address: string, method = "GET", path = "/healthz") =>
  new Promise<number | undefined>((resolve, reject) => {
    request(`http://${address}${path}`, { method, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

test("serves its pages, and nothing else", async () => {
  endpoint = await serve("127.0.0.1:0", { "/healthz": async () => ({ status: 200, text: "ok" }) });
  const { address } = endpoint!;
  const seen = [
    get(address),
    get(address, "GET", "/healthz/?verbose"),
    get(address, "POST"),
    get(address, "GET", "/x"),
  ];
  expect(await Promise.all(seen)).toEqual([200, 200, 405, 404]);
});

test("hundreds of idle connections: the oldest are closed, and a probe gets through", async () => {
  endpoint = await serve("127.0.0.1:0", { "/healthz": async () => ({ status: 200, text: "ok" }) });
  const { address } = endpoint!;
  const port = Number(address.split(":")[1]);
  const open = new Set<Socket>();
  const closed = Promise.withResolvers<void>();
  for (let index = 0; index < 400; index++) {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      if (open.size <= 128) closed.resolve();
    });
  }
  await closed.promise;
  expect(await get(address)).toBe(200);
  for (const socket of open) socket.destroy();
});

test.each(["0", ""])("%j is off", async (address) => expect(await serve(address, {})).toBeUndefined());
test("an address that is none is refused", async () =>
  await expect(serve("localhost", {})).rejects.toThrow("host:port"));
