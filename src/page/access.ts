/** What a person may read, as the API server says: a SubjectAccessReview for each kind and namespace, remembered for a short while. */
import { GROUP, VERSION } from "../api/resources.ts";
import type { KubeClient, Resource } from "../runtime/client.ts";
import type { Person } from "./sign-in.ts";
import type { Readable, Reader } from "./source.ts";

const REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
  kind: "SubjectAccessReview",
};
const PLURALS: Record<Readable, string> = {
  personas: "connectssopersonas",
  users: "connectusers",
  sets: "connectusersets",
};
/** How long an answer holds, milliseconds: who loses a right sees things this much longer. */
const REMEMBER_MS = 10_000;
const MOST_ANSWERS = 50_000;

interface Review {
  status?: { allowed?: boolean; denied?: boolean };
}

export class Access {
  readonly #client: KubeClient;
  readonly #answers = new Map<string, { allowed: Promise<boolean>; until: number }>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  reader({ username, groups }: Person): Reader {
    return { name: username, may: (kind, namespace) => this.#may({ username, groups }, kind, namespace) };
  }

  /** Throws what the API server answers; then nothing is shown. */
  #may(person: Person, kind: Readable, namespace: string): Promise<boolean> {
    const key = JSON.stringify([person.username, person.groups, kind, namespace]);
    const now = performance.now();
    const known = this.#answers.get(key);
    if (known && known.until > now) return known.allowed;
    const allowed = this.#ask(person, kind, namespace);
    allowed.catch(() => this.#answers.delete(key));
    this.#answers.delete(key);
    this.#answers.set(key, { allowed, until: now + REMEMBER_MS });
    for (const [old, { until }] of this.#answers) {
      if (until > now && this.#answers.size <= MOST_ANSWERS) break;
      this.#answers.delete(old);
    }
    return allowed;
  }

  async #ask({ username, groups }: Person, kind: Readable, namespace: string): Promise<boolean> {
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: username,
        // What every person who signed in is to the API server.
        groups: [...groups, "system:authenticated"],
        resourceAttributes: { group: GROUP, version: VERSION, resource: PLURALS[kind], verb: "list", namespace },
      },
    };
    const { status } = await this.#client.create<Review>(REVIEWS, undefined, body);
    return status?.allowed === true && status.denied !== true;
  }
}
