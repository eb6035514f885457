/** The part of the catalogue for people without a terminal: the page. */
import { type CommandSpec, command } from "../command.ts";
import { CLOUDS, OBJECTS } from "../options.ts";

export const PAGE_COMMANDS: CommandSpec[] = [
  command({
    name: "page",
    summary: "a page for a browser: who can sign in, who cannot and why, what changed, what waits for approval",
    details:
      "Reads only, with the rights of the kubeconfig, or over a folder of manifests (-f). Listens on loopback and prints an address with a\ntoken; only who has that address gets in. With -f and --sandbox a controller inside this process sets everything up in sandbox\nclouds, so that there is something to see.",
    options: [
      ...OBJECTS,
      ...CLOUDS,
      { flags: "--listen <host:port>", description: "where to listen; port 0 for any", default: "127.0.0.1:8765" },
      {
        flags: "--public-url <url>",
        description: "where browsers find the page, if not there; required to listen beyond loopback",
      },
    ],
    examples: [
      { what: "Of one namespace", line: "connect-sso page -n contact-centre" },
      { what: "Without a cluster and without a cloud", line: "connect-sso page -f examples/recommended --sandbox" },
    ],
    exitCodes: { 0: "stopped by a signal", 1: "could not start" },
    run: async () => (await import("../commands/page.ts")).page,
  }),
];
