/**
 * The rendered rights, used: the controller runs with exactly them on a real API server with RBAC. Nothing that it asks for is refused, it
 * asks for everything that it was given, and with any one verb on any one resource taken away something is refused.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Cluster, type Controller, granted, startCluster, until } from "./controller.ts";
import { type Manifest, render, root } from "./support.ts";

const SUBJECT = "system:serviceaccount:connect-sso:connect-sso";
/** Somebody whom Entra does not know: an event, and the same again once its status was lost, which makes a series. */
const nobody = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name: "nobody", namespace: "contact-centre", labels: { "expected-to-fail": "" } },
  spec: { personaRef: { name: "agents" }, entraUser: { userPrincipalName: "nobody@example.com" } },
};
/** Everybody of a group, who is not written by hand. */
const people = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name: "people", namespace: "contact-centre" },
  spec: {
    source: { groups: [{ displayName: "Contact centre agents" }] },
    rules: [{ name: "everybody", set: { persona: "agents" } }],
    removal: { gracePeriod: "0s" },
  },
};
const STRAY = "people-99999999-0000-4000-8000-000000000009";
/** Of the set, and of nobody whom Entra knows: the set removes it. */
const stray = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: {
    name: STRAY,
    namespace: "contact-centre",
    labels: { "connectsso.dev/set": "people", "expected-to-fail": "" },
  },
  spec: { personaRef: { name: "agents" }, entraUser: { objectId: "99999999-0000-4000-8000-000000000009" } },
};
const GENERATED = "-n contact-centre -l connectsso.dev/set=people,!expected-to-fail";
/** Server-side apply of a new object is a patch that needs the right to create as well. */
const CREATE = "create connectsso.dev/connectusers";
const DELETE = "delete connectsso.dev/connectusers";
const KINDS = "connectssopersonas,connectusersets,connectusers";
const rights = ({ kind }: Manifest) =>
  ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].includes(kind);

let cluster: Cluster;
let controller: Controller | undefined;

beforeAll(async () => {
  cluster = await startCluster();
  for (const namespace of ["connect-sso", "contact-centre"]) await cluster.kubectl(`create namespace ${namespace}`);
  await cluster.kubectl(`apply --server-side -f ${root}/crds`);
  await cluster.kubectl(`wait --for=condition=Established --timeout=20s -f ${root}/crds`);
});
afterEach(async () => {
  await controller?.stop("SIGKILL");
  controller = undefined;
});
afterAll(() => cluster?.stop());

const apply = (manifests: Manifest[]) =>
  cluster.kubectl("apply --server-side --force-conflicts -f -", { apiVersion: "v1", kind: "List", items: manifests });
const eraseStatus = (name: string) =>
  cluster.kubectl(`patch -n contact-centre ${name} --type=merge --subresource=status -p {"status":null}`);
const seen = (what: string) => cluster.requests().some((request) => request.what === what);
const again = () => seen("create events.k8s.io/events") && eraseStatus("connectuser/nobody");
const refused = () => cluster.requests().filter(({ code }) => code === 403 || code === 401);
const converged = async () => {
  const { items } = JSON.parse(await cluster.kubectl(`get ${KINDS} -n contact-centre -l !expected-to-fail -o json`));
  const ready = ({ status }: Manifest) =>
    status?.conditions?.find(({ type }: Manifest) => type === "Ready")?.status === "True";
  return items.length > 0 && items.every(ready);
};

/** Whole life: the blog's set-up converges, an event becomes a series, a user leaves, the lease is given back. */
async function live(manifests: Manifest[]): Promise<void> {
  await cluster.kubectl(`apply -f ${root}/examples/blog`);
  await apply([nobody, people, stray]);
  await forgetLease();
  cluster.forget();
  controller = cluster.start(manifests, await cluster.kubeconfig(manifests));
  await until("everything Ready", converged, controller);
  await until("an event of a series", async () => (await again()) && seen("patch events.k8s.io/events"), controller);
  await until("the set removes a stranger", async () => seen(DELETE), controller);
  await cluster.kubectl("delete connectuser omar -n contact-centre --timeout=60s");
  const made = async () => (await cluster.kubectl(`get connectusers ${GENERATED} -o name`)) !== "";
  await until("the set makes a user in its place", made, controller);
  expect(await controller.stop()).toBe(0);
}

/** One who was killed gave nothing back. */
const forgetLease = () => cluster.kubectl("delete lease -n connect-sso connect-sso --ignore-not-found");

/** Gone, whether a controller that was killed had begun to delete it or not. */
async function forgetStray(): Promise<void> {
  const one = `connectuser ${STRAY} -n contact-centre`;
  await cluster.kubectl(`delete ${one} --ignore-not-found --wait=false`);
  await cluster.kubectl(`patch ${one} --type=merge -p {"metadata":{"finalizers":null}}`).catch(() => "");
}

async function reset(): Promise<void> {
  await forgetStray();
  const names = (await cluster.kubectl(`get ${KINDS} -n contact-centre -o name`)).trim().split("\n");
  for (const name of names) {
    await cluster.kubectl(`patch -n contact-centre ${name} --type=merge -p {"metadata":{"finalizers":null}}`);
    await eraseStatus(name);
  }
}

describe("in every namespace", () => {
  let manifests: Manifest[];
  let roles: Manifest[];
  beforeAll(async () => {
    manifests = await render("--set", "crds.enabled=false,rbac.personaRoles=false");
    roles = manifests.filter(({ kind }) => kind === "ClusterRole" || kind === "Role");
    await apply(manifests.filter(rights));
  });

  test("nothing is refused, and nothing was given that is not used", async () => {
    await live(manifests);
    expect(refused()).toEqual([]);
    const asked = cluster.requests().map(({ what }) => what.replace(/^(list|watch|create) (\S+) .*/, "$1 $2"));
    expect([...new Set([...asked, CREATE])].sort()).toEqual(granted(roles).sort());
    expect(cluster.requests().map(({ what }) => what)).not.toContainEqual(expect.stringContaining("secrets"));
  });

  test("without any one of its rights something is refused", async () => {
    const kubeconfig = await cluster.kubeconfig(manifests);
    for (const right of granted(roles)) {
      // What has been written once is not written again, unless it is lost.
      if (/^(patch|create)/.test(right)) await reset();
      if (right === CREATE) await cluster.kubectl(`delete connectusers ${GENERATED} --ignore-not-found`);
      if (right === DELETE) {
        await forgetStray();
        await apply([stray]);
      }
      await forgetLease();
      await apply(roles.map((role) => without(role, right)));
      await until(`${right} is gone`, () => denied(right));
      cluster.forget();
      controller = cluster.start(manifests, kubeconfig);
      const hit = async () => {
        if (right === "patch events.k8s.io/events") await again();
        const said = right === CREATE ? CREATE.replace("create", "patch") : right;
        return refused().some(({ what }) => what === said || what.startsWith(`${said} `));
      };
      await until(`a refused ${right}`, hit, controller);
      await controller.stop("SIGKILL");
    }
    await apply(roles);
  }, 300_000);

  /** The role with this one right cut out of its rules. */
  function without(role: Manifest, right: string): Manifest {
    const rules = granted([role])
      .filter((one) => one !== right)
      .map((one) => {
        const [, verb, group, resource, name] = /^(\S+) ([^/]*)\/(\S+)(?: (\S+))?$/.exec(one)!;
        return { apiGroups: [group], resources: [resource], verbs: [verb], ...(name ? { resourceNames: [name] } : {}) };
      });
    return { ...role, rules };
  }

  async function denied(right: string): Promise<boolean> {
    const [, verb, group, resource, subresource, name] = /^(\S+) ([^/]*)\/([^/ ]+)(?:\/(\S+))?(?: (\S+))?$/.exec(
      right,
    )!;
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: SUBJECT,
        resourceAttributes: { namespace: "connect-sso", verb, group, resource, subresource, name },
      },
    };
    return JSON.parse(await cluster.kubectl("create -o json -f -", review)).status.allowed === false;
  }
});

test("in one namespace: a Role does, no right reaches beyond it, and nothing is refused", async () => {
  await reset();
  await cluster.kubectl("delete clusterrole,clusterrolebinding -l app.kubernetes.io/name=connect-sso");
  const manifests = await render("-f", "helm/examples/namespaced.yaml");
  expect(manifests.filter(({ kind }) => kind.startsWith("Cluster"))).toEqual([]);
  await apply(manifests.filter(rights));
  await live(manifests);
  expect(refused()).toEqual([]);
  const namespaces = cluster
    .requests()
    .map(({ what, namespace }) => [what.includes("leases") ? "lease" : "object", namespace].join(" "));
  expect([...new Set(namespaces)].sort()).toEqual(["lease connect-sso", "object contact-centre"]);
});
