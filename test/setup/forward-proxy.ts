/** A forward proxy on loopback that only knows CONNECT, as a company's does for HTTPS: it notes who was asked for and leads them to stand-ins. */
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface ForwardProxy {
  url: string;
  /** `host:port` of every CONNECT, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** `targets`: port on 127.0.0.1 for each host; others are refused with 403. */
export async function startForwardProxy(targets: Record<string, number>): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => {
    response.writeHead(405).end();
  });
  server.on("connect", (request: IncomingMessage, inner: Socket) => {
    asked.push(request.url!);
    sockets.add(inner);
    inner.on("error", () => {});
    const port = targets[request.url!.split(":")[0]!];
    if (port === undefined) return void inner.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const outer = connect(port, "127.0.0.1", () => {
      inner.write("HTTP/1.1 200 Connection established\r\n\r\n");
      inner.pipe(outer).pipe(inner);
    });
    sockets.add(outer);
    outer.on("error", () => inner.destroy());
    inner.once("close", () => outer.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}
