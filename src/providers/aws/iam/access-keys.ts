/** Access keys of a user. The secret exists in the answer of the create alone. */
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";

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
      const r = await call(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }), o);
      const used = r.AccessKeyLastUsed;
      return used?.LastUsedDate ? { lastUsedAt: used.LastUsedDate, service: used.ServiceName } : {};
    },
  } satisfies Partial<Iam>;

  return keys;
}
