/** Managed policies and their versions. */
import {
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
  TagPolicyCommand,
  UntagPolicyCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { hasAny, pairs, parseDocument, tagList, tagsOf } from "./context.ts";

/** IAM keeps five versions of a managed policy. */
const MAX_POLICY_VERSIONS = 5;

export function policyCalls(call: Call) {
  /** Versions never change, so one read of each is enough; only the newest of a policy is kept. */
  const versions = new Map<string, { id: string; document: unknown }>();

  const policies = {
    async getPolicy(arn, o) {
      const found = await orMissing(call(new GetPolicyCommand({ PolicyArn: arn }), o));
      const policy = found?.Policy;
      if (!policy) return undefined;
      const id = policy.DefaultVersionId!;
      let version = versions.get(arn);
      if (version?.id !== id) {
        const r = await orMissing(call(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: id }), o));
        if (!r) return undefined;
        version = { id, document: parseDocument(r.PolicyVersion?.Document) };
        versions.set(arn, version);
      }
      return {
        arn,
        name: policy.PolicyName!,
        path: policy.Path ?? "/",
        defaultVersionId: id,
        document: version.document,
        tags: tagsOf(policy.Tags),
      };
    },
    async createPolicy(c, o) {
      const input = {
        PolicyName: c.name,
        Path: c.path,
        PolicyDocument: JSON.stringify(c.document),
        Description: c.description,
        ...tagList(c.tags),
      };
      const r = await call(new CreatePolicyCommand(input), o, c.name);
      return r.Policy!.Arn!;
    },
    async setPolicyDocument(arn, document, o) {
      const all = await listVersions(arn, o);
      if (all.length >= MAX_POLICY_VERSIONS) {
        const oldest = all.filter((v) => !v.isDefault).sort((a, b) => a.number - b.number)[0]!;
        await deleteVersion(arn, oldest.id, o);
      }
      const input = { PolicyArn: arn, PolicyDocument: JSON.stringify(document), SetAsDefault: true };
      await call(new CreatePolicyVersionCommand(input), o, arn);
    },
    async policyEntities(arn, o) {
      const all = { roles: [] as string[], users: [] as string[], groups: [] as string[] };
      await pages(async (Marker) => {
        const r = await call(new ListEntitiesForPolicyCommand({ PolicyArn: arn, Marker }), o);
        all.roles.push(...(r.PolicyRoles ?? []).map((x) => x.RoleName!));
        all.users.push(...(r.PolicyUsers ?? []).map((x) => x.UserName!));
        all.groups.push(...(r.PolicyGroups ?? []).map((x) => x.GroupName!));
        return [[], r.Marker];
      });
      return all;
    },
    async deletePolicy(arn, o) {
      const all = (await orMissing(listVersions(arn, o))) ?? [];
      for (const version of all) if (!version.isDefault) await orMissing(deleteVersion(arn, version.id, o));
      await orMissing(call(new DeletePolicyCommand({ PolicyArn: arn }), o, arn));
      versions.delete(arn);
    },
    async tagPolicy(arn, set, remove, o) {
      if (remove.length) await call(new UntagPolicyCommand({ PolicyArn: arn, TagKeys: remove }), o, arn);
      if (hasAny(set)) await call(new TagPolicyCommand({ PolicyArn: arn, Tags: pairs(set) }), o, arn);
    },
  } satisfies Partial<Iam>;

  async function listVersions(arn: string, o?: CallOptions) {
    return pages(async (Marker) => {
      const r = await call(new ListPolicyVersionsCommand({ PolicyArn: arn, Marker }), o);
      const found = (r.Versions ?? []).map((v) => ({
        id: v.VersionId!,
        number: Number(v.VersionId!.slice(1)),
        isDefault: v.IsDefaultVersion === true,
      }));
      return [found, r.Marker];
    });
  }
  function deleteVersion(arn: string, id: string, o?: CallOptions) {
    return call(new DeletePolicyVersionCommand({ PolicyArn: arn, VersionId: id }), o, `${arn} ${id}`);
  }

  return policies;
}
