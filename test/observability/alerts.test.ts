/** The alert rules: valid, complete, each with a runbook, each tested for firing and for not firing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { parse } from "yaml";
import { REASON } from "../../src/api/reasons.ts";
import { ANNOTATIONS, SET_LABEL } from "../../src/api/resources.ts";
import { COMMANDS } from "../../src/cli/catalogue/index.ts";
import { createDomainMetrics } from "../../src/observability/metrics.ts";
import { createRuntimeMetrics } from "../../src/runtime/metrics.ts";
import { metricsOf, promtool, RULES, root, rules } from "./promtool.ts";

interface Tests {
  tests: {
    name: string;
    alert_rule_test: { alertname: string; exp_alerts: { exp_labels: { severity: string } }[] }[];
  }[];
}
const FILES = ["test/observability/alerts.yaml", "test/observability/alerts-days.yaml"];
const names = [...new Set(rules.map(({ alert }) => alert))];
const RUNBOOKS = "https://github.com/connect-sso/connect-sso/blob/main/docs/runbooks/";

test("promtool finds nothing to complain about in the rules", async () => {
  expect(await promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)).toContain(
    `${rules.length} rules found`,
  );
});

test("every alert fires when it should and not when it should not", async () => {
  await promtool("test", "rules", ...FILES);
});

test("each alert is tested for firing, with every severity, and for a near miss", () => {
  const tests = FILES.flatMap((file) => (parse(readFileSync(join(root, file), "utf8")) as Tests).tests);
  const cases = tests.filter(({ name }) => !name.startsWith("nothing fires")).flatMap((one) => one.alert_rule_test);
  const fired = cases.flatMap(({ alertname, exp_alerts }) =>
    exp_alerts.map(({ exp_labels }) => `${alertname} ${exp_labels.severity}`),
  );
  expect([...new Set(fired)].sort()).toEqual(rules.map(({ alert, labels }) => `${alert} ${labels.severity}`).sort());
  const quiet = cases.filter(({ exp_alerts }) => exp_alerts.length === 0).map(({ alertname }) => alertname);
  expect([...new Set(quiet)].sort()).toEqual([...names].sort());
  const healthy = tests.filter(({ name }) => name.startsWith("nothing fires")).map((one) => one.alert_rule_test);
  expect(healthy.length).toBeGreaterThan(0);
  for (const looks of healthy) expect(looks.map(({ alertname }) => alertname).sort()).toEqual([...names].sort());
});

test("every metric of the rules is one that the controller registers", async () => {
  const registry = new Registry();
  createDomainMetrics({ registry, version: "1", pollIntervalMs: 1, insecure: false, perUser: false });
  createRuntimeMetrics(registry);
  const registered = registry.getMetricsAsArray().map(({ name }) => name);
  for (const { expr } of rules) {
    expect(metricsOf(expr).length).toBeGreaterThan(0);
    expect(registered).toEqual(expect.arrayContaining(metricsOf(expr)));
  }
});

describe("the conventions of monitoring mixins", () => {
  test.each(rules)("$alert $labels.severity", ({ alert, labels, annotations }) => {
    expect(alert).toMatch(/^ConnectSso[A-Z][A-Za-z]+$/);
    expect(["critical", "warning", "info"]).toContain(labels.severity);
    expect(annotations.runbook_url).toBe(`${RUNBOOKS}${alert}.md`);
    // Fixed text: it is what a page is grouped and read by.
    expect(annotations.summary).not.toContain("{{");
    expect(annotations.description!.length).toBeGreaterThan(annotations.summary!.length);
  });

  test("controllers that cannot be told apart from others are narrowed to ours", () => {
    for (const { expr } of rules)
      for (const name of metricsOf(expr).filter((one) => !one.startsWith("connectsso_")))
        expect(expr).toMatch(
          new RegExp(`${name}(\\{controller=~|[^)]*and on \\(job, instance\\) connectsso_build_info)`),
        );
  });
});

describe("runbooks", () => {
  const folder = join(root, "docs/runbooks");

  test("there is one for each alert, and none beyond", () => {
    expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });

  test.each(names)("%s has all its parts, and its links lead somewhere", (name) => {
    const text = readFileSync(join(folder, `${name}.md`), "utf8");
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([name, "Meaning", "Impact", "Diagnosis", "Mitigation", "Verification"]);
    expect(text).toMatch(/^```(sh|promql)$/m);
    for (const severity of rules.filter(({ alert }) => alert === name).map(({ labels }) => labels.severity!))
      expect(text).toMatch(new RegExp(`^Severity: .*${severity}`, "m"));
    for (const [, link] of text.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(folder, link!))).toBe(true);
    for (const [, block] of text.matchAll(/^```promql\n([\s\S]*?)^```/gm))
      expect(metricsOf(block!).length).toBeGreaterThan(0);
  });

  test("what they have one type exists: commands of the program with their options, annotations, resources, reasons", () => {
    const texts = names.map((name) => readFileSync(join(folder, `${name}.md`), "utf8")).join("\n");
    const typed = [...texts.matchAll(/connect-sso ((?:[a-z]+ ?)+)((?: ?(?:-{1,2}[\w-]+|[A-Z]+))*)/g)];
    const commands = typed.filter(([, words]) => COMMANDS.some(({ name }) => words!.trim() === name));
    expect(new Set(commands.map(([, words]) => words!.trim()))).toEqual(
      new Set([
        "status",
        "plan",
        "doctor",
        "why",
        "people",
        "reconcile",
        "recreate",
        "resume",
        "rotate key",
        "rotate certificate",
        "profiles",
      ]),
    );
    for (const [, words, rest] of commands) {
      const { options } = COMMANDS.find(({ name }) => words!.trim() === name)!;
      for (const [, flag] of rest!.matchAll(/(--?[\w-]+)/g))
        expect({ words, flag, known: options.some(({ flags }) => flags.split(/[ ,]+/).includes(flag!)) }).toMatchObject(
          { known: true },
        );
    }
    for (const [annotation] of texts.matchAll(/connectsso\.dev\/[a-z-]+(?==)/g))
      expect([...Object.values(ANNOTATIONS), SET_LABEL]).toContain(annotation);
    for (const [, resource] of texts.matchAll(/kubectl (?:get|delete|patch|annotate|describe) (connect[a-z]+)/g))
      expect(resource).toMatch(/^connect(ssopersona|userset|user)s?$/);
    const reasons = [...texts.matchAll(/^- ((?:`[A-Z]\w+`(?:, | or )?)+)/gm)].flatMap(
      ([, list]) => list!.match(/\w+/g)!,
    );
    const known = new Set<string>([
      ...Object.values(REASON),
      "AccessDenied",
      "Correct",
      "EncounteredQuarantineException",
      "or",
    ]);
    expect(reasons.length).toBeGreaterThan(15);
    for (const reason of reasons) expect(known).toContain(reason);
  });

  test("docs/monitoring.md lists every alert with its severity and summary", () => {
    const text = readFileSync(join(root, "docs/monitoring.md"), "utf8");
    const rows = names.map((name) => {
      const found = rules.filter(({ alert }) => alert === name);
      const severities = found.map(({ labels }) => labels.severity).join(", ");
      return `| [${name}](runbooks/${name}.md) | ${severities} | ${found[0]!.annotations.summary} |`;
    });
    for (const row of rows) expect(text).toContain(row);
    expect(text.match(/^\| \[ConnectSso/gm)).toHaveLength(rows.length);
  });
});
