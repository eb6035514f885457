/** Runs a scenario: faults over edits of specs and clouds, then quiet, then judgement. */
import "./time.ts";
import { pino } from "pino";
import type { CallRecord } from "../../src/providers/errors.ts";
import { seededRandom } from "../../src/sandbox/host.ts";
import { startSandbox } from "../../src/sandbox/server.ts";
import { Administrator } from "./administrator.ts";
import { Cluster, NAMESPACE } from "./cluster.ts";
import { deleteInCapitals, editPersona, editUser, makeInCapitals } from "./edits.ts";
import { connectNetwork, type Network } from "./net.ts";
import { type Declared, foreigners, judge } from "./oracle.ts";
import {
  type Outage,
  type PersonaSpec,
  personaManifest,
  type Scenario,
  type Step,
  type UserSpec,
  userManifest,
} from "./scenario.ts";
import { type Process, Simulation } from "./time.ts";
import { type PersonaName, type UserName, world } from "./world.ts";

const MINUTE = 60_000;
const POLL_MS = 10 * MINUTE;
/** What takes longest is a key rotation: two runs of Entra's provisioning, and what back-off and breakers add. */
const PATIENCE_MS = 8 * 60 * MINUTE;

export interface Trace {
  /** Everything that was done, with simulated times; for a person who looks for the cause of a failure. */
  lines: string[];
}

/** Throws when the outcome is not as declared; `trace` is filled on the way. */
export async function simulate(scenario: Scenario, trace: Trace = { lines: [] }): Promise<void> {
  const simulation = new Simulation(seededRandom(scenario.seed));
  simulation.start();
  let disconnect = () => {};
  let close = async () => {};
  const environment = { ...process.env };
  try {
    const sandbox = await startSandbox({
      world: world({ consistencyDelay: scenario.consistencyDelaySeconds * 1000, seed: scenario.seed }),
    });
    close = () => sandbox.close();
    Object.assign(process.env, sandbox.env);
    const run = new Run(scenario, simulation, trace);
    const network: Network = {
      sandbox,
      simulation,
      latencyMs: 200,
      onTraffic: (sender, request, stage) => run.onTraffic(sender, `${request.method} ${request.url}`, stage),
    };
    disconnect = connectNetwork(network);
    await run.all(new Administrator(simulation, sandbox.env.CONNECT_SSO_GRAPH_URL!), network);
  } finally {
    simulation.end();
    disconnect();
    process.env = environment;
    await close();
  }
}

class Run {
  readonly #scenario: Scenario;
  readonly #simulation: Simulation;
  readonly #trace: Trace;
  readonly #cluster: Cluster;
  readonly #personas = new Map<PersonaName, PersonaSpec>();
  readonly #users = new Map<UserName, UserSpec>();
  readonly #removed = new Set<PersonaName>();
  readonly #removedUsers = new Set<UserName>();
  readonly #annotations = new Map<string, Record<string, string>>();
  readonly #writes: string[] = [];
  #controller!: Process;
  #crash: { afterCalls: number; forget: boolean } | undefined;
  #admin!: Administrator;
  #network!: Network;

  constructor(scenario: Scenario, simulation: Simulation, trace: Trace) {
    this.#scenario = scenario;
    this.#simulation = simulation;
    this.#trace = trace;
    this.#cluster = new Cluster(simulation);
  }

  /** Dies at the call before it is sent, or after its effect, as chance has it. */
  onTraffic(sender: Process, what: string, stage: "sent" | "carried out"): void {
    if (!this.#crash || sender !== this.#controller) return;
    if (stage === "sent") this.#crash.afterCalls--;
    if (this.#crash.afterCalls >= 0 || this.#simulation.random() < 0.5) return;
    sender.dead = true;
    this.#note(`the controller dies: ${what} was ${stage}`);
  }

  async all(admin: Administrator, network: Network): Promise<void> {
    this.#admin = admin;
    this.#network = network;
    const { behaviour } = network.sandbox.world;
    const quotas = { ...behaviour.quotas };
    await admin.do(() => admin.settle());
    await this.#simulation.pass(MINUTE);
    const before = foreigners(await admin.do(() => admin.look()));
    this.#begin({ faults: this.#scenario.faults });
    this.#cluster.trouble = this.#scenario.kubernetesTrouble;
    this.#startController();
    for (const step of this.#scenario.steps) {
      this.#note(JSON.stringify(step));
      await this.#take(step);
      await this.#pass(5_000);
    }
    this.#note("faults end");
    network.sandbox.faults.clear();
    network.unresolvable = false;
    behaviour.quotas = quotas;
    this.#controller.clockErrorMs = 0;
    this.#cluster.trouble = 0;
    this.#crash = undefined;
    await this.#healWhatOnlyPeopleCan();
    await this.#untilAsDeclared();
    const clouds = await admin.do(() => admin.look());
    const after = foreigners(clouds);
    if (after !== before) throw new Error(`something of somebody else's changed:\n${firstDifference(before, after)}`);
    await this.#expectNoWrites();
  }

  async #take(step: Step): Promise<void> {
    const admin = this.#admin;
    if ("persona" in step) this.#applyPersona(step.persona, step.spec);
    else if ("user" in step) this.#applyUser(step.user, step.spec);
    else if ("deletePersona" in step) this.#deletePersona(step.deletePersona);
    else if ("deleteUser" in step) this.#deleteUser(step.deleteUser);
    else if ("recreate" in step) this.#ask("ConnectUser", step.recreate, { "connectsso.dev/recreate": step.value });
    else if ("rotateCertificate" in step)
      this.#ask("ConnectSsoPersona", step.rotateCertificate, { "connectsso.dev/rotate-certificate": step.value });
    else if ("rotateKey" in step)
      this.#ask("ConnectSsoPersona", step.rotateKey, { "connectsso.dev/rotate-key": step.value });
    else if ("of" in step) await this.#edit(() => editPersona(admin, step.somebody, step.of));
    else if ("ofUser" in step) await this.#edit(() => editUser(admin, step.somebody, step.ofUser));
    else if ("namesakeInCapitals" in step) await admin.do(() => makeInCapitals(admin, step.namesakeInCapitals));
    else if ("begin" in step) this.#begin(step.begin);
    else if ("clockErrorMinutes" in step) this.#controller.clockErrorMs = step.clockErrorMinutes * MINUTE;
    else if ("twoLeadersMinutes" in step) {
      const older = this.#controller;
      this.#startController();
      await this.#pass(step.twoLeadersMinutes * MINUTE);
      older.dead = true;
    } else if ("waitMinutes" in step) await this.#pass(step.waitMinutes * MINUTE);
    else {
      this.#crash = { afterCalls: step.crashAfterCalls, forget: step.forget };
      await this.#pass(POLL_MS, () => this.#controller.dead);
      await this.#revive();
      this.#crash = undefined;
    }
  }

  /** The clouds may refuse somebody's edit as they may refuse ours: it saw an older state than is true, or the order is not allowed. */
  async #edit(work: () => Promise<void>): Promise<void> {
    await this.#admin.do(() => work().catch((error: Error) => this.#note(`  refused: ${error.message}`)));
  }

  #begin({ faults = [], unresolvable, quotasAtZero }: Outage): void {
    const { sandbox } = this.#network;
    for (const fault of faults) sandbox.faults.add(fault);
    if (unresolvable) this.#network.unresolvable = true;
    const none = { rate: 0, burst: 1 };
    if (quotasAtZero) sandbox.world.behaviour.quotas = { connect: none, iam: none, graph: none };
  }

  /** Lets time pass; whoever dies meanwhile is started again by Kubernetes. */
  async #pass(ms: number, stop?: () => boolean): Promise<void> {
    const until = this.#simulation.now + ms;
    while (this.#simulation.now < until && !stop?.()) {
      await this.#simulation.pass(until - this.#simulation.now, () => this.#controller.dead || stop?.() === true);
      if (this.#controller.dead && !stop) await this.#revive();
    }
  }

  async #revive(): Promise<void> {
    if (!this.#controller.dead) return;
    if (this.#crash?.forget) {
      this.#note("every status is lost");
      await this.#cluster.eraseStatuses();
    }
    this.#crash = undefined;
    await this.#simulation.pass(2_000);
    this.#startController();
  }

  #startController(): void {
    const write = (line: string) => {
      if (process.env.PROPERTY_LOG) this.#note(line.trimEnd());
    };
    const onCall = (call: CallRecord) => {
      if (!call.write || call.operation.includes("$batch")) return;
      this.#writes.push(`${call.api} ${call.operation} ${call.target ?? ""} ${call.code}`);
      this.#note(`  ${call.api} ${call.operation} ${call.target ?? ""}: ${call.code}`);
    };
    this.#controller = this.#cluster.start({
      pollIntervalMs: POLL_MS,
      log: pino({ level: process.env.PROPERTY_LOG ?? "silent" }, { write }) as never,
      onCall,
    });
  }

  #applyPersona(name: PersonaName, spec: PersonaSpec): void {
    if (this.#cluster.get("ConnectSsoPersona", name)?.metadata.deletionTimestamp) return;
    this.#personas.set(name, spec);
    this.#removed.delete(name);
    this.#cluster.apply(personaManifest(name, spec, this.#annotations.get(`ConnectSsoPersona/${name}`)));
  }

  #applyUser(name: UserName, spec: UserSpec): void {
    if (this.#cluster.get("ConnectUser", name)?.metadata.deletionTimestamp) return;
    this.#users.set(name, spec);
    this.#removedUsers.delete(name);
    this.#cluster.apply(userManifest(name, spec, this.#annotations.get(`ConnectUser/${name}`)));
  }

  #deletePersona(name: PersonaName): void {
    const spec = this.#personas.get(name);
    if (!spec) return;
    this.#personas.delete(name);
    if (spec.deletionPolicy === "Delete") this.#removed.add(name);
    this.#annotations.delete(`ConnectSsoPersona/${name}`);
    this.#cluster.api.delete({ kind: "ConnectSsoPersona", namespace: NAMESPACE, name });
  }

  #deleteUser(name: UserName): void {
    const spec = this.#users.get(name);
    if (!spec) return;
    this.#users.delete(name);
    if (spec.deletionPolicy === "Delete") this.#removedUsers.add(name);
    this.#annotations.delete(`ConnectUser/${name}`);
    this.#cluster.api.delete({ kind: "ConnectUser", namespace: NAMESPACE, name });
  }

  #ask(kind: string, name: string, annotations: Record<string, string>): void {
    const object = this.#cluster.get(kind, name);
    if (!object || object.metadata.deletionTimestamp) return;
    this.#annotations.set(`${kind}/${name}`, { ...this.#annotations.get(`${kind}/${name}`), ...annotations });
    this.#cluster.api.annotate({ kind, namespace: NAMESPACE, name }, annotations);
  }

  /** Users of a persona that is gone go too, and what stands in the way in Connect is taken away. */
  async #healWhatOnlyPeopleCan(): Promise<void> {
    for (const [name, spec] of this.#users) if (!this.#personas.has(spec.persona)) this.#deleteUser(name);
    // Lists lag: whom somebody made a moment ago shows later.
    await this.#pass(2 * POLL_MS);
    await this.#admin.do(() => deleteInCapitals(this.#admin));
    await this.#pass(2 * POLL_MS);
    for (const object of this.#cluster.objects().filter(({ metadata }) => metadata.deletionTimestamp)) {
      const name = object.metadata.name as UserName;
      const status = object.status as { conditions?: { type: string; reason: string }[] } | undefined;
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      // Nobody knows any more in which instance this one was; its condition says what to do.
      if (ready?.reason !== "PersonaNotFound") continue;
      this.#note(`${name} is let go: ${ready.reason}`);
      this.#removedUsers.delete(name);
      this.#cluster.api.apply({ ...object, spec: { ...(object.spec as object), deletionPolicy: "RevokeAccess" } });
    }
  }

  async #untilAsDeclared(): Promise<void> {
    const declared: Declared = {
      personas: this.#personas,
      users: this.#users,
      removed: this.#removed,
      removedUsers: this.#removedUsers,
      get: (kind, name) => this.#cluster.get(kind, name),
    };
    let complaints: string[] = [];
    for (const end = this.#simulation.now + PATIENCE_MS; this.#simulation.now < end; ) {
      await this.#pass(POLL_MS);
      complaints = judge(await this.#admin.do(() => this.#admin.look()), declared);
      if (complaints.length === 0) return;
    }
    throw new Error(
      `not as declared after ${PATIENCE_MS / 60 / MINUTE} hours without faults:\n  ${complaints.join("\n  ")}`,
    );
  }

  /** Once things have come to rest, everything is looked at again and nothing is written. */
  async #expectNoWrites(): Promise<void> {
    const count = () => this.#writes.length + this.#cluster.statusWrites.length;
    let written: string[] = [];
    for (let tries = 0; tries < 12; tries++) {
      const before = [this.#writes.length, this.#cluster.statusWrites.length] as const;
      const start = count();
      await this.#pass(POLL_MS * 1.3);
      if (count() === start) return;
      written = [...this.#writes.slice(before[0]), ...this.#cluster.statusWrites.slice(before[1])];
    }
    throw new Error(`a pass over what is as declared still writes:\n  ${written.join("\n  ")}`);
  }

  #note(line: string): void {
    const time = new Date(this.#simulation.now).toISOString().slice(11, 23);
    this.#trace.lines.push(`${time} ${line}`);
  }
}

function firstDifference(before: string, after: string): string {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return `  was ${a[at]?.trim()}\n  is  ${b[at]?.trim()}\n${b.slice(Math.max(0, at - 6), at + 3).join("\n")}`;
}
