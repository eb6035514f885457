/** The part of the catalogue for people without a terminal: the page. */
import { type CommandSpec, command } from "../command.ts";
import { CLOUDS, OBJECTS } from "../options.ts";

export const PAGE_COMMANDS: CommandSpec[] = [
  command({
    name: "page",
    summary: "Serve a page for a browser: who can sign in, who cannot and why, what changed, what waits for approval",
    details:
      "Reads only, with the rights of the kubeconfig, or over a folder of manifests (-f). Listens on loopback and prints an address with a token; only who has that address gets in. With -f and --sandbox a controller inside this process sets everything up in sandbox clouds, so that there is something to see.",
    options: [
      ...OBJECTS,
      ...CLOUDS,
      { flags: "--listen <host:port>", description: "where to listen; port 0 for any", default: "127.0.0.1:8765" },
      {
        flags: "--public-url <url>",
        description: "where browsers find the page, if not there; required to listen beyond loopback",
      },
      {
        flags: "--oidc-issuer-url <url>",
        description:
          "sign people in by OpenID Connect instead of a token, and show each what the API server lets them read",
      },
      { flags: "--oidc-client-id <id>", description: "client of the page at the issuer" },
      {
        flags: "--oidc-token-file <file>",
        description: "a projected service account token, by which the page proves to be that client",
      },
      {
        flags: "--oidc-username-claim <claim>",
        description: "as the API server's flag of this name: what a person is called in role bindings",
        default: "oid",
      },
      { flags: "--oidc-username-prefix <prefix>", description: "as the API server's", default: "" },
      { flags: "--oidc-groups-claim <claim>", description: "as the API server's", default: "groups" },
      { flags: "--oidc-groups-prefix <prefix>", description: "as the API server's", default: "" },
    ],
    examples: [
      { what: "Of one namespace", line: "connect-sso page -n contact-centre" },
      { what: "Without a cluster and without a cloud", line: "connect-sso page -f examples/recommended --sandbox" },
    ],
    exitCodes: { 0: "stopped by a signal", 1: "could not start" },
    run: async () => (await import("../commands/page.ts")).page,
  }),
  command({
    name: "report",
    summary:
      "Write an access review for auditors: who has what at this moment, by which manifest or rule, and what is not declared",
    details:
      "Reads only. The HTML file has no scripts, opens offline and prints well. Amazon Connect is asked who is in it, with your credentials; without them the report says that it was not asked. Files are for their owner alone, because they name people.",
    options: [
      ...OBJECTS,
      ...CLOUDS,
      { flags: "--html <file>", description: "write the review as one HTML file" },
      { flags: "--csv <file>", description: "write it as CSV, a person a line" },
      { flags: "--json <file>", description: "write it as JSON, also for a later --compare" },
      { flags: "--compare <file>", description: "a review as JSON: also report what changed since then" },
      {
        flags: "--sign <key>",
        description: "a private key (PEM, RSA or elliptic curve): write a detached signature FILE.sig beside each file",
      },
    ],
    examples: [
      {
        what: "This quarter's review, and what changed since the last one",
        line: "connect-sso report -A --html q3.html --json q3.json --compare q2.json",
      },
      { what: "Signed", line: "connect-sso report -n contact-centre --html review.html --sign auditor.pem" },
      {
        what: "Without a cluster and without a cloud",
        line: "connect-sso report -f examples/recommended --sandbox --html review.html",
      },
    ],
    exitCodes: { 0: "written", 1: "an error, and no file was written" },
    run: async () => (await import("../commands/report.ts")).report,
  }),
];
