/**
 * Metrics under the names and labels of controller-runtime, so that its dashboards and alerts fit. Every series starts at zero, because
 * rate() cannot see a counter's first step otherwise.
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { PRIORITY, type QueueMetrics, type WorkQueue } from "./queue.ts";

export type ReconcileResult = "success" | "error" | "requeue" | "requeue_after";

interface RuntimeMetrics {
  queue(name: string): QueueMetrics;
  /** Workers in all, and what is read at each scrape. */
  controller(name: string, workers: number, queue: WorkQueue): ControllerMetrics;
  request(record: { method: string; code: string }): void;
  leader(name: string, leading: boolean): void;
}

export interface ControllerMetrics {
  reconciled(result: ReconcileResult, seconds: number): void;
  terminal(): void;
  panic(): void;
  timeout(): void;
  /** It threw: its object does not show what happened. */
  unreported(): void;
}

/** As controller-runtime's `reconcile_time_seconds`, thinned out. */
const RECONCILE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];
/** As client-go's workqueue histograms: 10 ns to 1000 s in powers of ten. */
const QUEUE_SECONDS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
const RESULTS: ReconcileResult[] = ["success", "error", "requeue", "requeue_after"];

export function createRuntimeMetrics(registry: Registry): RuntimeMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], ...labelNames: string[]) =>
    new Histogram({ name, help, buckets, labelNames, registers });

  const total = counter("controller_runtime_reconcile_total", "Reconciliations by result.", "controller", "result");
  const errors = counter("controller_runtime_reconcile_errors_total", "Failed reconciliations.", "controller");
  const terminal = counter("controller_runtime_terminal_reconcile_errors_total", "Terminal failures.", "controller");
  const panics = counter(
    "controller_runtime_reconcile_panics_total",
    "Failures that are mistakes of the program.",
    "controller",
  );
  const unreported = counter(
    "controller_runtime_reconcile_unreported_total",
    "Reconciles that failed and could not write a status that says so.",
    "controller",
  );
  const timeouts = counter(
    "controller_runtime_reconcile_timeouts_total",
    "Reconciliations past the deadline.",
    "controller",
  );
  const duration = histogram("controller_runtime_reconcile_time_seconds", "Duration.", RECONCILE_SECONDS, "controller");
  const most = gauge("controller_runtime_max_concurrent_reconciles", "Workers.", "controller");
  const queues = new Map<string, WorkQueue>();
  new Gauge({
    name: "controller_runtime_active_workers",
    help: "Workers at work.",
    labelNames: ["controller"],
    registers,
    collect() {
      for (const [controller, queue] of queues) this.set({ controller }, queue.working);
    },
  });
  new Gauge({
    name: "workqueue_depth",
    help: "Keys that are ready.",
    labelNames: ["name", "controller", "priority"],
    registers,
    collect() {
      for (const [name, queue] of queues)
        for (const priority of Object.values(PRIORITY))
          this.set({ name, controller: name, priority: String(priority) }, queue.depth(priority));
    },
  });
  const adds = counter("workqueue_adds_total", "Keys added.", "name", "controller");
  const retries = counter("workqueue_retries_total", "Keys added after a failure.", "name", "controller");
  const waited = histogram(
    "workqueue_queue_duration_seconds",
    "From ready to taken.",
    QUEUE_SECONDS,
    "name",
    "controller",
  );
  const worked = histogram(
    "workqueue_work_duration_seconds",
    "From taken to done.",
    QUEUE_SECONDS,
    "name",
    "controller",
  );
  const working = (read: (seconds: number[]) => number) =>
    function (this: Gauge) {
      for (const [name, queue] of queues) this.set({ name, controller: name }, read(queue.workingSeconds()));
    };
  new Gauge({
    name: "workqueue_unfinished_work_seconds",
    help: "Seconds of work that is not done yet, over all keys.",
    labelNames: ["name", "controller"],
    registers,
    collect: working((seconds) => seconds.reduce((sum, one) => sum + one, 0)),
  });
  new Gauge({
    name: "workqueue_longest_running_processor_seconds",
    help: "Seconds that the longest work has taken so far.",
    labelNames: ["name", "controller"],
    registers,
    collect: working((seconds) => seconds.reduce((longest, one) => Math.max(longest, one), 0)),
  });
  const requests = counter("rest_client_requests_total", "Requests to the API server.", "code", "method");
  const leading = gauge("leader_election_master_status", "1 while this process leads.", "name");

  return {
    queue(name) {
      const labels = { name, controller: name };
      for (const one of [adds, retries]) one.inc(labels, 0);
      for (const one of [waited, worked]) one.zero(labels);
      const [added, retried] = [adds.labels(labels), retries.labels(labels)];
      const [wait, work] = [waited.labels(labels), worked.labels(labels)];
      return {
        added: () => added.inc(),
        retried: () => retried.inc(),
        waited: (seconds) => wait.observe(seconds),
        worked: (seconds) => work.observe(seconds),
      };
    },
    controller(controller, workers, queue) {
      queues.set(controller, queue);
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      for (const one of [errors, terminal, panics, timeouts, unreported]) one.inc({ controller }, 0);
      duration.zero({ controller });
      const took = duration.labels({ controller });
      most.set({ controller }, workers);
      return {
        reconciled(result, seconds) {
          total.inc({ controller, result });
          if (result === "error") errors.inc({ controller });
          took.observe(seconds);
        },
        terminal: () => terminal.inc({ controller }),
        panic: () => panics.inc({ controller }),
        timeout: () => timeouts.inc({ controller }),
        unreported: () => unreported.inc({ controller }),
      };
    },
    request: ({ method, code }) => requests.inc({ method, code: code === "error" ? "<error>" : code }),
    leader: (name, value) => leading.set({ name }, value ? 1 : 0),
  };
}
