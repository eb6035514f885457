/** Applications with their service principals, deleted permanently, and claims mapping policies. */
import type { CleanUp, Remains } from "./clean-up.ts";

interface Row {
  id: string;
  displayName?: string | null;
}

export async function cleanGraph({ graph, name, made, time }: CleanUp, remains: Remains): Promise<void> {
  const ours = ({ displayName }: Row) => displayName?.startsWith(name) ?? false;
  const applications = made.flatMap((one) => (one.kind === "application" ? [one.id] : []));
  const principals = made.flatMap((one) => (one.kind === "application" ? [one.principalId] : []));
  for (const [set, ids] of [
    ["applications", applications],
    ["servicePrincipals", principals],
  ] as const) {
    const rows = await graph.list<Row>(`/${set}?$filter=startswith(displayName,'${name}')&$select=id,displayName`);
    if (!rows.ok) remains.unread(set, rows);
    const found = new Set([...ids, ...(rows.body ?? []).filter(ours).map(({ id }) => id)]);
    for (const id of found) {
      let answer = await graph.call("DELETE", `/${set}/${id}`);
      // In SAML mode it may have to give its identifiers back first.
      if (!answer.ok && answer.status === 400) {
        await graph.call("PATCH", `/${set}/${id}`, { identifierUris: [] });
        answer = await graph.call("DELETE", `/${set}/${id}`);
      }
      remains.gone(set, answer);
    }
  }
  // The same object may be shown as deleted a little later.
  for (let round = 0; ; round++) {
    let purged = 0;
    for (const [type, ids] of [
      ["application", applications],
      ["servicePrincipal", principals],
    ] as const) {
      const rows = await graph.list<Row>(`/directory/deletedItems/microsoft.graph.${type}?$top=100`);
      if (!rows.ok) remains.unread("deleted objects", rows);
      for (const id of new Set([...(round === 0 ? ids : []), ...(rows.body ?? []).filter(ours).map(({ id }) => id)])) {
        const answer = await graph.call("DELETE", `/directory/deletedItems/${id}`);
        if (answer.ok) purged++;
        // A deleted object is gone by itself after 30 days.
        else remains.gone("deleted objects", answer);
      }
    }
    if (purged === 0 || round >= 3) break;
    await time.sleep(3000);
  }
  const policies = await graph.list<Row>("/policies/claimsMappingPolicies");
  const remembered = made.flatMap((one) => (one.kind === "claimsPolicy" ? [one.id] : []));
  // Without the right to read them none was made.
  if (!policies.ok && (policies.status !== 403 || remembered.length > 0))
    remains.unread("claims mapping policies", policies);
  for (const id of new Set([...remembered, ...(policies.body ?? []).filter(ours).map(({ id }) => id)]))
    remains.gone("claims mapping policies", await graph.call("DELETE", `/policies/claimsMappingPolicies/${id}`));
}
