/** Runs a scenario: faults over edits of specs and clouds, then quiet, then judgement. */
import "./time.ts";
import { pino } from "pino";
import type { Change } from "../../src/engine/change.ts";
import type { CallRecord } from "../../src/providers/errors.ts";
import { seededRandom } from "../../src/sandbox/host.ts";
import { startSandbox } from "../../src/sandbox/server.ts";
import { Administrator } from "./administrator.ts";
import { Cluster } from "./cluster.ts";
import { Declarations } from "./declarations.ts";
import { editPersona, editUser, makeInCapitals } from "./edits.ts";
import { MAKE } from "./found.ts";
import { everything, firstDifference } from "./keepsakes.ts";
import { connectNetwork, type Network } from "./net.ts";
import { judge } from "./oracle.ts";
import { allowAdoption, allowRenaming, conditionsOf, heal, readyOf, type Scene } from "./people.ts";
import type { Outage, Scenario, Step } from "./scenario.ts";
import { type Process, Simulation } from "./time.ts";
import { mailOf, type PersonaName, type UserName, upnOf, world } from "./world.ts";

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
      world: world({
        consistencyDelay: scenario.consistencyDelaySeconds * 1000,
        seed: scenario.seed,
        open: scenario.open ?? {},
      }),
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
  readonly #declarations: Declarations;
  /** What was there before the controller, written out. */
  #before = new Map<string, string>();
  /** Of that, what persona agents or Jane would take over if they may. */
  #found = new Map<string, "agents" | "jane">();
  readonly #writes: string[] = [];
  /** What the controller told of its changes, in order. */
  readonly #told: Change[] = [];
  #controller!: Process;
  /** What was broken behind a callback. */
  #broken: Error | undefined;
  #crash: { afterCalls: number; forget: boolean } | undefined;
  #admin!: Administrator;
  #network!: Network;

  constructor(scenario: Scenario, simulation: Simulation, trace: Trace) {
    this.#scenario = scenario;
    this.#simulation = simulation;
    this.#trace = trace;
    this.#cluster = new Cluster(simulation);
    this.#declarations = new Declarations(this.#cluster, () => this.#look());
  }

  #look() {
    return this.#admin.do(() => this.#admin.look());
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
    await this.#arrange();
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
    await this.#pass(MINUTE);
    await this.#expectUntouched();
    await heal(this.#scene);
    await this.#untilAsDeclared();
    await this.#expectUntouched();
    await this.#expectNoWrites();
    this.#expectNoFalseDrift();
    await this.#expectDeclared();
    if (this.#scenario.reported) await this.#expectReport(this.#scenario.reported);
  }

  /** The world before the controller comes. */
  async #arrange(): Promise<void> {
    const admin = this.#admin;
    await admin.do(() => admin.settle());
    await this.#simulation.pass(MINUTE);
    const others = everything(await this.#look());
    for (const what of this.#scenario.found ?? []) await admin.do(() => MAKE[what](admin));
    await this.#simulation.pass(MINUTE);
    this.#before = everything(await this.#look());
    for (const what of this.#before.keys())
      if (!others.has(what)) this.#found.set(what, what.startsWith("Connect user") ? "jane" : "agents");
  }

  get #scene(): Scene {
    return {
      admin: this.#admin,
      cluster: this.#cluster,
      declarations: this.#declarations,
      twoPolls: () => this.#pass(2 * POLL_MS),
      note: (line) => this.#note(line),
    };
  }

  /** What is nobody's of ours is as it was, and what policy Retain left is there. */
  async #expectUntouched(): Promise<void> {
    if (this.#broken) throw this.#broken;
    const now = everything(await this.#look());
    const { adopting, kept } = this.#declarations;
    const jane = adopting.has("jane") || adopting.has("jane-again") || this.#scenario.steps.some(isOfJane);
    for (const [what, before] of this.#before) {
      const finder = this.#found.get(what);
      if ((finder === "agents" && adopting.has("agents")) || (finder === "jane" && jane)) continue;
      const after = now.get(what) ?? "(gone)";
      if (after !== before) throw new Error(`${what} of somebody else changed:\n${firstDifference(before, after)}`);
    }
    for (const { what, persona, user } of kept)
      if (!now.has(what)) throw new Error(`${what} of ${user ?? persona} was to be retained, and is gone`);
  }

  /** Where nobody but the controller wrote to the clouds, and no read was stale, nothing is told as drift. */
  #expectNoFalseDrift(): void {
    const { steps, found = [], faults } = this.#scenario;
    const stale = ({ kind }: { kind: string }) => kind === "staleRead";
    const others = steps.some(
      (one) =>
        "somebody" in one ||
        "namesakeInCapitals" in one ||
        "twoLeadersMinutes" in one ||
        ("begin" in one && one.begin.faults?.some(stale)),
    );
    if (others || found.length > 0 || faults.some(stale)) return;
    const drift = this.#told.filter(({ cause }) => cause === "drift");
    if (drift.length > 0)
      throw new Error(`told as drift, and nobody changed anything:\n  ${drift.map(line).join("\n  ")}`);
  }

  /** What is declared anew is applied and told as declared, whatever the drift policy is. */
  async #expectDeclared(): Promise<void> {
    const { personas } = this.#declarations;
    if (personas.size === 0) return;
    const from = this.#told.length;
    this.#note("every persona is declared anew");
    for (const [name, spec] of [...personas]) this.#declarations.applyPersona(name, { ...spec, team: "green" });
    await this.#untilAsDeclared();
    const told = this.#told.slice(from);
    const wrong = told.filter(({ cause, fate }) => cause === "drift" || cause === "unknown" || fate === "held");
    if (wrong.length > 0)
      throw new Error(`a declared change is told as somebody's:\n  ${wrong.map(line).join("\n  ")}`);
    const isTeam = ({ cause, differences }: Change) =>
      cause === "declared" && differences.some(({ path }) => path === "tags.team");
    if (!told.some(isTeam)) throw new Error(`the new tag is not told as declared:\n  ${told.map(line).join("\n  ")}`);
    await this.#expectNoWrites();
  }

  /** Once more with driftPolicy Report everywhere: what somebody changes is shown and left, until the policy is Correct again. */
  async #expectReport(edit: NonNullable<Scenario["reported"]>): Promise<void> {
    const find = (name: string) => this.#cluster.objects().find(({ metadata }) => metadata.name === name);
    const isReady = (name: string) => readyOf(find(name))?.status === "True";
    const { personas, users } = this.#declarations;
    const name =
      "of" in edit ? [edit.of, ...personas.keys()].find(isReady) : [edit.ofUser, ...users.keys()].find(isReady);
    if (!name) return;
    this.#note("everything only reports");
    this.#declarations.change((before) => ({ ...before, reports: true }));
    await this.#untilAsDeclared();
    await this.#expectNoWrites();
    this.#note(`${name}: ${edit.somebody}`);
    await this.#edit(() =>
      "of" in edit
        ? editPersona(this.#admin, edit.somebody, edit.of)
        : editUser(this.#admin, edit.somebody, edit.ofUser),
    );
    const written = this.#writes.length;
    const from = this.#told.length;
    await this.#pass(MINUTE);
    const complaints = judge(await this.#look(), this.#declarations);
    await this.#pass(2.5 * POLL_MS);
    const more = this.#writes.slice(written);
    if (more.length > 0) throw new Error(`driftPolicy is Report, and ${name} is written:\n  ${more.join("\n  ")}`);
    const conditions = conditionsOf(find(name));
    const shown = conditions.some(({ reason }) => reason === "DriftFound" || reason === "NotOwned");
    if (complaints.length > 0 && !shown)
      throw new Error(
        `drift of ${name} is not shown:\n  ${complaints.join("\n  ")}\n${JSON.stringify(find(name)?.status)}`,
      );
    const told = this.#told.slice(from);
    if (complaints.length > 0 && !told.some(({ cause, fate }) => cause === "drift" && fate !== "applied"))
      throw new Error(`drift of ${name} is not told as drift:\n  ${told.map(line).join("\n  ")}`);
    this.#declarations.change(({ reports: _, ...rest }) => rest);
    await this.#untilAsDeclared();
  }

  async #take(step: Step): Promise<void> {
    const admin = this.#admin;
    const declarations = this.#declarations;
    if ("persona" in step) declarations.applyPersona(step.persona, step.spec);
    else if ("user" in step) declarations.applyUser(step.user, step.spec);
    else if ("deletePersona" in step) await declarations.deletePersona(step.deletePersona);
    else if ("deleteUser" in step) await declarations.deleteUser(step.deleteUser);
    else if ("recreate" in step)
      declarations.ask("ConnectUser", step.recreate, { "connectsso.dev/recreate": step.value });
    else if ("rotateCertificate" in step)
      declarations.ask("ConnectSsoPersona", step.rotateCertificate, {
        "connectsso.dev/rotate-certificate": step.value,
      });
    else if ("rotateKey" in step)
      declarations.ask("ConnectSsoPersona", step.rotateKey, { "connectsso.dev/rotate-key": step.value });
    else if ("of" in step) {
      declarations.touched(step.of);
      await this.#edit(() => editPersona(admin, step.somebody, step.of));
    } else if ("ofUser" in step) {
      declarations.touchedUser(step.ofUser);
      await this.#edit(() => editUser(admin, step.somebody, step.ofUser));
    } else if ("namesakeInCapitals" in step) await admin.do(() => makeInCapitals(admin, step.namesakeInCapitals));
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
      this.#expectAwake(call);
      this.#note(`  ${call.api} ${call.operation} ${call.target ?? ""}: ${call.code}`);
    };
    this.#controller = this.#cluster.start({
      pollIntervalMs: POLL_MS,
      log: pino({ level: process.env.PROPERTY_LOG ?? "silent" }, { write }) as never,
      onCall,
      onChange: (_, change) => {
        this.#told.push(structuredClone(change));
        this.#note(`  told: ${line(change)}`);
      },
    });
  }

  async #untilAsDeclared(): Promise<void> {
    let complaints: string[] = [];
    for (const end = this.#simulation.now + PATIENCE_MS; this.#simulation.now < end; ) {
      await this.#pass(POLL_MS);
      allowAdoption(this.#scene);
      allowRenaming(this.#scene);
      complaints = judge(await this.#look(), this.#declarations);
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

  /** Nothing is written for an object whose status says that it is suspended. */
  #expectAwake({ api, operation, target = "" }: CallRecord): void {
    for (const { kind, metadata, spec, status } of this.#cluster.objects()) {
      const { observedGeneration } = (status ?? {}) as { observedGeneration?: number };
      const asleep = (spec as { suspend?: boolean }).suspend && observedGeneration === metadata.generation;
      if (!asleep || metadata.deletionTimestamp) continue;
      const name = metadata.name as PersonaName & UserName;
      const own =
        kind === "ConnectSsoPersona"
          ? target.includes(`connect-sso-team-${name}`)
          : api === "connect" && [upnOf(name), mailOf(name)].includes(target) && this.#declarations.isAlone(name);
      if (own) this.#broken ??= new Error(`${name} is suspended, and ${api} ${operation} ${target} is written`);
    }
  }

  #note(line: string): void {
    const time = new Date(this.#simulation.now).toISOString().slice(11, 23);
    this.#trace.lines.push(`${time} ${line}`);
  }
}

const line = ({ component, verb, object, cause, fate, differences }: Change) =>
  `${component} ${verb} ${object}: ${cause}, ${fate}: ${differences.map(({ path, desired, observed }) => `${path} ${observed} → ${desired}`).join("; ")}`;

function isOfJane(step: Step): boolean {
  return "ofUser" in step && step.ofUser.startsWith("jane");
}
