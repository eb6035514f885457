/** Objects as a controller leaves them, and a page over them. */
import {
  API_VERSION,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  MEMBER_ANNOTATIONS,
  PERSONA,
  SET,
  SET_LABEL,
  USER,
} from "../../src/api/resources.ts";
import { TokenGate } from "../../src/page/gate.ts";
import { type PageOptions, type RunningPage, servePage } from "../../src/page/server.ts";
import type { Objects, Source } from "../../src/page/source.ts";
import { INSTANCE_ARN } from "../e2e/support.ts";

export const SINCE = "2026-11-27T10:00:00Z";
/** Markup, direction, a line break, and three hundred characters. */
export const HOSTILE = `<script>alert(1)</script>"' onload=x \u202egnp.exe\u2066\n${"W".repeat(250)}`;

export const condition = (type: string, status: "True" | "False" | "Unknown", reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: SINCE,
});
const READY = condition("Ready", "True", "Converged", "Everything is as declared");
const metadata = (namespace: string, name: string, more: object = {}) => ({
  namespace,
  name,
  uid: `${namespace}-${name}`,
  resourceVersion: "1",
  creationTimestamp: SINCE,
  ...more,
});

export function persona(name: string, status: object = {}, namespace = "team"): ConnectSsoPersona {
  return {
    apiVersion: API_VERSION,
    kind: PERSONA,
    metadata: metadata(namespace, name),
    spec: {
      instanceArn: INSTANCE_ARN,
      landingPage: "ContactControlPanel",
      application: {
        displayName: `Amazon Connect ${name}`,
        signingCertificate: { lifetime: "26280h", rotateBefore: "1440h" },
      },
      roleDelivery: { mode: "Direct", provisioning: { accessKeyMaxAge: "2160h" } },
      connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
      driftPolicy: "Correct",
    } as unknown as ConnectSsoPersona["spec"],
    status: {
      conditions: [
        READY,
        condition("ApplicationReady", "True", "UpToDate", "the application is as declared"),
        condition("RoleReady", "True", "UpToDate", "the role is as declared"),
      ],
      userAccessUrl: "https://launcher.myapps.microsoft.com/api/signin/0a1b?tenantId=2c3d",
      ...status,
    } as ConnectSsoPersona["status"] & object,
  };
}

export function user(name: string, status: object = {}, spec: object = {}, namespace = "team"): ConnectUser {
  return {
    apiVersion: API_VERSION,
    kind: USER,
    metadata: metadata(namespace, name, {
      labels: { [SET_LABEL]: "everybody" },
      annotations: { [MEMBER_ANNOTATIONS.because]: `persona=rule of ${name}` },
    }),
    spec: {
      personaRef: { name: "agents" },
      entraUser: { userPrincipalName: `${name}@example.com` },
      ...spec,
    } as ConnectUser["spec"],
    status: { conditions: [READY], username: `${name}@example.com`, ...status } as ConnectUser["status"] & object,
  };
}

export const set = (name: string, status: object = {}, namespace = "team"): ConnectUserSet =>
  ({
    apiVersion: API_VERSION,
    kind: SET,
    metadata: metadata(namespace, name),
    spec: { source: { groups: [{ displayName: "Agents" }] }, rules: [{ name: "everybody" }] },
    status: { conditions: [READY], people: { found: 12, matched: 10, members: 10 }, ...status },
  }) as unknown as ConnectUserSet;

/** One of everything that a view can show, with `text` wherever text comes from outside. */
export function everything(text = "plain"): Objects {
  const difference = { component: "role", path: text, desired: text, observed: text, concern: "trust", since: SINCE };
  const trouble = condition("Ready", "False", "EntraUserNotFound", text);
  return {
    personas: [
      persona("agents", {
        conditions: [
          condition("Ready", "False", "MassDeletionHalted", text),
          condition("RoleReady", "False", "Failed", text),
          condition("RemovalsHalted", "True", "MassDeletionHalted", text),
        ],
        drift: [difference],
        userAccessUrl: `https://example.com/?${text}`,
        certificate: { expirationTime: "2029-01-01T00:00:00Z" },
        accessKey: { creationTime: SINCE, lastFour: text },
      }),
    ],
    users: [
      user(
        "jane",
        { username: text, conditions: [trouble], drift: [difference] },
        { firstName: text, securityProfiles: [text] },
      ),
      user("omar"),
    ],
    sets: [
      set("everybody", {
        conditions: [trouble, condition("ChangesHeld", "True", "ChangesHeld", text)],
        drift: [{ ...difference, component: "members" }],
        pending: { hash: text, since: SINCE, removals: 4, sample: [{ who: text, change: "Remove", reason: text }] },
        leftOut: [{ who: text, reason: text }],
      }),
    ],
  };
}

export const ADDRESSES = [
  "/",
  "/people",
  "/people?q=jane",
  "/persona/team/agents",
  "/person/team/jane",
  "/changes",
  "/sets",
  "/set/team/everybody",
  "/nowhere",
];

export const sourceOf = (objects: Objects, more: Partial<Source> = {}): Source => ({
  place: "Namespace team",
  objects: async () => objects,
  seenAt: () => Date.now(),
  close: async () => {},
  ...more,
});

const log = { debug() {}, info() {}, warn() {}, error() {} };

export class Browser {
  readonly page: RunningPage;
  readonly #cookies = new Map<string, string>();

  constructor(page: RunningPage) {
    this.page = page;
  }

  /** Follows no redirect; keeps cookies. */
  async get(address: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const url = new URL(address, this.page.url);
    const response = await fetch(url, {
      redirect: "manual",
      ...init,
      headers: { ...(cookie ? { cookie } : {}), ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0]!.split(/=(.*)/s) as [string, string];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

export async function open(source: Source, more: Partial<PageOptions> = {}): Promise<Browser> {
  const page = await servePage({
    source,
    listen: { host: "127.0.0.1", port: 0 },
    gate: (port) => new TokenGate(port),
    log,
    ...more,
  });
  return new Browser(page);
}

/** With the token already turned into a cookie. */
export async function openSignedIn(source: Source): Promise<Browser> {
  const browser = await open(source);
  await browser.get(`/?token=${(browser.page.gate as TokenGate).token}`);
  return browser;
}
