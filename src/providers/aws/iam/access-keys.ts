/** Access keys of a user. The secret exists in the answer of the create alone. */
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { CloudError } from "../../errors.ts";
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";

/**
 * IAM answers 403 AccessDenied about a key that does not exist, as one that was just deleted and is still listed. It names the key as the
 * resource; where the right is missing, the resource is the key's user.
 */
function orDeleted(error: unknown): undefined {
  if (error instanceof CloudError && error.reason === "AccessDenied" && / on resource: access key /.test(error.message))
    return undefined;
  throw error;
}

export function accessKeyCalls(call: Call) {
  const keys = {
    async listAccessKeys(UserName, o) {
      return pages(async (Marker) => {
        const r = await call(new ListAccessKeysCommand({ UserName, Marker }), o);
        return [
          (r.AccessKeyMetadata ?? []).map((k) => ({ id: k.AccessKeyId!, status: k.Status!, createdAt: k.CreateDate! })),
          r.Marker,
        ];
      });
    },
    async createAccessKey(UserName, o) {
      const r = await call(new CreateAccessKeyCommand({ UserName }), o, UserName);
      return { id: r.AccessKey!.AccessKeyId!, secret: r.AccessKey!.SecretAccessKey! };
    },
    async deactivateAccessKey(UserName, id, o) {
      const input = { UserName, AccessKeyId: id, Status: "Inactive" as const };
      await call(new UpdateAccessKeyCommand(input), o, UserName);
    },
    async deleteAccessKey(UserName, id, o) {
      await orMissing(call(new DeleteAccessKeyCommand({ UserName, AccessKeyId: id }), o, UserName));
    },
    async accessKeyUse(id, o) {
      const answer = call(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }), o);
      const used = (await answer.catch(orDeleted))?.AccessKeyLastUsed;
      return used?.LastUsedDate ? { lastUsedAt: used.LastUsedDate, service: used.ServiceName } : {};
    },
  } satisfies Partial<Iam>;

  return keys;
}
