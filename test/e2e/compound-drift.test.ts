/** Two things that were changed at once, one of which stands on the other: both are drift, although the second is only compared later. */
import { DetachUserPolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { graphOf, pauseJob } from "../observability/trouble.ts";
import { type Harness, PATIENCE_MS, persona, start, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

test("a detached policy that reads back late, and the paused job that stands on it", async () => {
  h = await start(world({ behaviour: { timeScale: 1200, consistencyDelay: "400ms" } }));
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }));
  await h.ready();
  const { status } = h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
  await new IAMClient({}).send(
    new DetachUserPolicyCommand({ UserName: "connect-sso-team-agents", PolicyArn: status!.listingPolicyArn! }),
  );
  await pauseJob(status!, graphOf(h.sandbox.env.CONNECT_SSO_GRAPH_URL!));
  const repairs = () =>
    h.controller.store.events
      .filter(({ event }) => /DriftCorrected$/.test(event.reason))
      .map(({ event }) => event.note);
  const started = () => h.calls.filter(({ operation }) => operation.endsWith("/start")).length > 1;
  await h.controller.until(started, PATIENCE_MS, "the job is started again");
  await h.ready("Ready again");
  expect(repairs().join("\n")).toMatch(/IAM user connect-sso-team-agents/);
  expect(repairs().join("\n")).toMatch(/provisioning job/);
});
