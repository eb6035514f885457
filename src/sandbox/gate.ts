/** What is in front of the emulated APIs: chance (faults) and quotas. */
import type { SandboxHost } from "./host.ts";
import type { Operation, SandboxRequest, ServiceName } from "./service.ts";
import type { Fault, Quota, QuotaName } from "./world.ts";

const QUOTA_OF: Record<ServiceName, QuotaName> = {
  connect: "connect",
  iam: "iam",
  sts: "iam",
  graph: "graph",
  login: "graph",
};

interface ArmedFault extends Fault {
  expression: RegExp;
  passed: number;
  struck: number;
}

export class Gate {
  #faults: ArmedFault[] = [];
  readonly #host: SandboxHost;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(host: SandboxHost) {
    this.#host = host;
    for (const fault of host.behaviour.faults) this.add(fault);
  }

  add(fault: Fault): void {
    const expression = fault.match
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
    this.#faults.push({ ...fault, expression: new RegExp(`^${expression}$`), passed: 0, struck: 0 });
  }

  clear(): void {
    this.#faults = [];
  }

  /**
   * The first fault that strikes this request. Answers are lost only for writes, stale only for reads. What strikes the request `outer` as
   * a whole does not strike those inside it once more.
   */
  fault(service: ServiceName, operation: Operation, outer?: Operation): Fault["kind"] | undefined {
    const name = `${service}:${operation.name}`;
    for (const fault of this.#faults) {
      if (!fault.expression.test(name) || (outer && fault.expression.test(`${service}:${outer.name}`))) continue;
      if (fault.kind === (operation.writes ? "staleRead" : "lostAnswer")) continue;
      if (fault.count !== undefined && fault.struck >= fault.count) continue;
      if (fault.passed < (fault.after ?? 0)) {
        fault.passed++;
        continue;
      }
      if (fault.probability !== undefined && this.#host.random() >= fault.probability) continue;
      fault.struck++;
      return fault.kind;
    }
    return undefined;
  }

  /**
   * Seconds to wait when a bucket is empty; otherwise takes the tokens. AWS counts per account, region and operation, Graph
   * resource units per tenant; sign-in is not limited here.
   */
  throttle(service: ServiceName, operation: Operation, request: SandboxRequest): number | undefined {
    const quota = this.#host.behaviour.quotas[QUOTA_OF[service]];
    if (quota === "unlimited" || service === "login") return undefined;
    const owner =
      service === "graph"
        ? ""
        : // IAM is one for all regions.
          `${this.#host.accountOf(request.headers)}/${service === "iam" ? "" : (this.#host.regionOf(request.headers) ?? "")}`;
    const cost = operation.cost ?? [[service === "graph" ? "" : operation.name, 1]];
    for (const [key, tokens] of cost) {
      const wait = this.#take(`${service}/${owner}/${key}`, quota, tokens);
      if (wait !== undefined) return wait;
    }
    return undefined;
  }

  #take(key: string, quota: Quota, tokens: number): number | undefined {
    const now = performance.now();
    const bucket = this.#buckets.get(key);
    const filled = bucket
      ? Math.min(quota.burst, bucket.tokens + ((now - bucket.at) / 1000) * quota.rate)
      : quota.burst;
    const enough = filled >= tokens;
    this.#buckets.set(key, { tokens: enough ? filled - tokens : filled, at: now });
    if (enough) return undefined;
    return quota.rate > 0 ? (tokens - filled) / quota.rate : 60;
  }
}
