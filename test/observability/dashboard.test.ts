/** The Grafana dashboard, as Grafana reads it: layout, variables, units, links, and every query. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { collectDefaultMetrics, Registry } from "prom-client";
import { createDomainMetrics } from "../../src/observability/metrics.ts";
import { createRuntimeMetrics } from "../../src/runtime/metrics.ts";
import { metricsOf, promtool, root } from "./promtool.ts";

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: { refId: string; expr: string; datasource: { uid: string } }[];
  links?: { url: string }[];
  fieldConfig: { defaults: { unit?: string; thresholds: { steps: { color: string; value: number | null }[] } } };
}
interface Variable {
  name: string;
  type: string;
  query: string | { query: string };
}
const dashboard = JSON.parse(readFileSync(join(root, "deploy/grafana/connect-sso.json"), "utf8"));
const panels: Panel[] = dashboard.panels;
const variables: Variable[] = dashboard.templating.list;
const charts = panels.filter(({ type }) => type !== "row");
const queries: { where: string; expr: string }[] = [
  ...charts.flatMap(({ title, targets }) => targets!.map(({ expr }) => ({ where: title, expr }))),
  ...dashboard.annotations.list
    .filter(({ expr }: { expr?: string }) => expr)
    .map(({ name, expr }: { name: string; expr: string }) => ({ where: name, expr })),
];

test("Grafana 11 and later can import it: no id, no data source of somebody else's", () => {
  expect(dashboard).toMatchObject({ id: null, uid: "connect-sso", schemaVersion: 39, title: "connect-sso" });
  const sources = JSON.stringify(dashboard).match(/"datasource":\{[^{]*?"uid":"[^"]*"/g)!;
  for (const one of new Set(sources)) expect(one).toMatch(/"uid":"(\$\{datasource\}|-- Grafana --)"$/);
  expect(variables[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
});

test("panels stand in the grid and do not overlap, and ids are unique", () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect({ at: `${x},${y}`, title, taken: taken.get(`${x},${y}`) }).toMatchObject({ taken: undefined });
        taken.set(`${x},${y}`, title);
      }
  }
  // No holes either: every line is full.
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  expect(taken.size).toBe(24 * height);
});

test("every panel says what it shows, has thresholds, and its queries have letters of their own", () => {
  for (const { title, description, targets, fieldConfig } of charts) {
    expect({ title, described: (description ?? "").length > 10 }).toEqual({ title, described: true });
    expect(fieldConfig.defaults.thresholds.steps[0]!.value).toBeNull();
    expect(new Set(targets!.map(({ refId }) => refId)).size).toBe(targets!.length);
  }
});

test("what is a time, a rate or a size has its unit", () => {
  const units: [RegExp, string[]][] = [
    [/time\(\)|_seconds/, ["s"]],
    [/_bytes/, ["bytes"]],
    [/\brate\(\w+_total/, ["reqps", "ops"]],
  ];
  for (const { title, type, targets, fieldConfig } of charts) {
    const wanted = units.find(([pattern]) => targets!.some(({ expr }) => pattern.test(expr)))?.[1];
    if (wanted && type !== "table")
      expect({
        title,
        unit: fieldConfig.defaults.unit,
        fits: wanted.includes(fieldConfig.defaults.unit ?? ""),
      }).toMatchObject({ fits: true });
  }
});

test("links lead to runbooks and pages that exist", () => {
  const base = "https://github.com/connect-sso/connect-sso/blob/main/";
  const links = [...charts.flatMap(({ links = [] }) => links), ...dashboard.links].map(
    ({ url }: { url: string }) => url,
  );
  expect(links.length).toBeGreaterThan(20);
  for (const url of links)
    expect({ url, exists: existsSync(join(root, url.replace(base, ""))) }).toMatchObject({ exists: true });
});

describe("queries", () => {
  test("variables in them are variables of the dashboard", () => {
    const known = [...variables.map(({ name }) => name), "__rate_interval", "__dashboard", "__data", "__all"];
    const used = JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g);
    for (const [, name] of used) expect(known).toContain(name);
  });

  test("each is narrowed to the chosen jobs, and those of personas to the chosen personas", () => {
    for (const { where, expr } of queries) {
      const selectors = expr.match(/\bconnectsso_\w+(\{[^}]*\})?/g) ?? [];
      for (const selector of selectors.filter((one) => one !== "connectsso_build_info"))
        expect({ where, selector }).toMatchObject({ selector: expect.stringContaining('job=~"$job"') });
      for (const selector of selectors.filter((one) =>
        /drift|condition|users|suspended|certificate|key|sync|import/.test(one),
      ))
        expect({ where, selector }).toMatchObject({ selector: expect.stringContaining('persona=~"$persona"') });
    }
  });

  test("all parse (as recording rules, by promtool)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "connect-sso-dashboard-"));
    try {
      const filled = (expr: string) => expr.replaceAll("$__rate_interval", "5m").replace(/\$\w+/g, "x");
      const rules = queries.map(({ expr }, index) => ({ record: `dashboard:query:${index}`, expr: filled(expr) }));
      writeFileSync(join(folder, "queries.json"), JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      expect(await promtool("check", "rules", join(folder, "queries.json"))).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("all metrics and their labels are registered", () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    createDomainMetrics({ registry, version: "1", pollIntervalMs: 1, insecure: false, perUser: false });
    createRuntimeMetrics(registry);
    const registered = registry.getMetricsAsArray() as unknown as { name: string; labelNames?: string[] }[];
    const base = (name: string) => name.replace(/_(bucket|sum|count)$/, "");
    const find = (name: string) => registered.find((one) => one.name === name || one.name === base(name));
    const ofVariables = variables.flatMap(({ query }) => (typeof query === "string" ? [] : [query.query]));
    for (const expr of [...queries.map((one) => one.expr), ...ofVariables]) {
      expect({ expr, metrics: metricsOf(expr).length > 0 }).toMatchObject({ metrics: true });
      for (const name of metricsOf(expr))
        expect({ expr, name, known: find(name) !== undefined }).toMatchObject({ known: true });
      for (const [, name, matchers] of expr.matchAll(/\b(\w+)\{([^}]*)\}/g))
        for (const [, label] of matchers!.matchAll(/(\w+)[=!]/g))
          expect(["job", ...(find(name!)!.labelNames ?? [])]).toContain(label);
    }
  });
});
