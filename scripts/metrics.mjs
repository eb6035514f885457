// docs/metrics.md: every metric that the controller registers, by its own help text.
import { Registry } from "prom-client";
import { createDomainMetrics } from "../src/observability/metrics.ts";
import { createRuntimeMetrics } from "../src/runtime/metrics.ts";

const INTRO = `<!-- Generated from the registered metrics by \`make generate\`. Do not edit. -->
# Metrics

Served as \`/metrics\` on \`--metrics-bind-address\`. docs/monitoring.md says how to scrape them and what to alert on.

\`namespace\` and \`persona\` name a ConnectSsoPersona: scrape with \`honor_labels: true\`, or Prometheus puts the pod's namespace in their
place. \`scope\` is an AWS account or an Entra tenant. Only the leader has series of objects, and they vanish with their object.

No series names a ConnectUser: ten thousand of them would be a hundred thousand series, and their names are as a rule names or addresses
of people. They are counted per persona; \`kubectl get connectusers\` names them. \`--per-user-metrics\` adds \`connectsso_user_condition\`
for those that are not healthy.
`;

function table(title, metrics) {
  const rows = metrics.map(({ name, type, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${labels} | ${help.replaceAll("|", "\\|")} |`;
  });
  return `\n## ${title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

/** What is registered, in the order of registration. `labelNames` is not in prom-client's types, but public enough to be its option. */
function registered(fill) {
  const registry = new Registry();
  fill(registry);
  return registry.getMetricsAsArray().map((metric) => ({ ...metric, labelNames: metric.labelNames ?? [] }));
}

export function metricsReference() {
  const options = { version: "", pollIntervalMs: 1, insecure: false, perUser: true };
  return (
    INTRO +
    table(
      "Single sign-on",
      registered((registry) => createDomainMetrics({ ...options, registry })),
    ) +
    table(
      "Controller runtime",
      registered((registry) => createRuntimeMetrics(registry)),
    ) +
    "\nThese have controller-runtime's names and labels, so its dashboards and alerts fit. On top of them come the `process_*` and `nodejs_*`\n" +
    "metrics of prom-client.\n"
  );
}
